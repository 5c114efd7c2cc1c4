"""Errors of the real recommender and trainer, in the words of the command line."""

from collections.abc import Iterator

import pytest

from movierec_client import testing
from movierec_client.cli.wording import flag_of
from support.client_drivers import Movierec

WIRE_WORDS = ("top_k", "filter.", "settings.", "in Python", "ActivateVersion", "timeout_s")


@pytest.fixture(scope="module")
def recommender() -> Iterator[str]:
    with testing.recommender() as address:
        yield address


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["recommend", "heat", "-k", "5000"], "-k: 5,000 is not legal; legal is 1 to 1,000"),
        (["recommend", "heat", "--min-support", "-1"], "--min-support: -1 is not legal"),
        (["recommend", "heat", "--min-score", "7"], "--min-score: 7.0 is not legal"),
        (["recommend", "heat", "--genre", "Foo"], "--genre: 'Foo' is no genre of this version"),
        (["recommend", "heat", "--not-genre", "Foo"], "--not-genre: 'Foo' is no genre"),
        (["recommend", "heat", "--years", "2000-1990"], "--years: 2000 is after 1990"),
        (["recommend", "heat", "--diversity", "3"], "--diversity: 3.0 is not legal"),
        (
            ["recommend", "toy story", "--version", "99"],
            "`movierec activate VERSION --label",
        ),
        (["recommend", "xyzzy"], "`--unknown skip` goes on without"),
        (["search", ""], "TEXT is empty: give a title"),
        (["search", "heat", "-n", "0"], "--limit is 0: give at least 1"),
        (["activate", "1", "--label", "a b"], "--label: 'a b' is not legal"),
        (["model", "--timeout", "nan"], "--timeout is nan: give seconds above 0"),
        (["model", "--recommender", "127.0.0.1:1"], "(Connection refused): start it, or give"),
    ],
)
def test_an_error_is_one_sentence_in_words_that_can_be_typed(
    movierec: Movierec,
    monkeypatch: pytest.MonkeyPatch,
    recommender: str,
    arguments: list[str],
    expected: str,
) -> None:
    monkeypatch.setenv("MOVIEREC_RECOMMENDER", recommender)

    done = movierec(*arguments)

    assert (done.exit_code, done.stdout) == (1, "")
    assert expected in done.stderr
    assert done.stderr.count("\n") == 1
    assert not [word for word in WIRE_WORDS if word in done.stderr]


@pytest.mark.parametrize(
    ("field", "flag"),
    [
        ("settings.co_liked_weight", "--co-liked-weight"),
        ("seeds[3].weight", "MOVIE"),
        ("popularity_discount", "--popularity-discount"),
        ("filter.all_genres[1]", "--genre"),
        ("after_sequence", "after_sequence"),
    ],
)
def test_a_field_is_called_by_its_flag_if_it_has_one(field: str, flag: str) -> None:
    assert flag_of(field) == flag
