"""What is to serve: kept on the volume, changed by one at a time, understood or refused."""

import json
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.control.activation import (
    LABEL,
    MOST_BYTES,
    MOST_GENERATION,
    Activation,
    ControlError,
    change_activation,
    read_activation,
)

numbers = st.integers(1, 10**18 - 1)
labels = st.from_regex(LABEL, fullmatch=True)


def test_where_nothing_was_said_the_latest_serves_and_there_are_no_labels(tmp_path: Path) -> None:
    assert read_activation(tmp_path / "control") == Activation(0, None, {})


@given(pinned=st.none() | numbers, named=st.dictionaries(labels, numbers, max_size=5))
def test_what_was_said_is_read_again_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, pinned: int | None, named: dict[str, int]
) -> None:
    folder = tmp_path_factory.mktemp("control")
    said = Activation(7, pinned, named)
    assert change_activation(folder, lambda _: said) == said
    assert read_activation(folder) == said


def test_every_change_is_a_generation_and_touches_nothing_else() -> None:
    said = Activation().to_pin(3).to_label("stable", 3).to_label("canary", 4)
    assert said == Activation(3, 3, {"stable": 3, "canary": 4})
    assert said.to_pin(None) == Activation(4, None, {"stable": 3, "canary": 4})
    assert said.to_label("stable", 4) == Activation(4, 3, {"stable": 4, "canary": 4})
    assert said.to_label("stable", None) == Activation(4, 3, {"canary": 4})
    assert said.to_label("stable", 4).labels_of(4) == ["canary", "stable"]


def label_many(folder: Path, name: str) -> None:
    for number in range(1, 51):
        change_activation(folder, lambda now, number=number: now.to_label(name, number))  # type: ignore[misc]


def test_of_changes_side_by_side_none_is_lost(tmp_path: Path) -> None:
    with ProcessPoolExecutor(4) as pool:
        list(pool.map(label_many, [tmp_path] * 4, "abcd"))
    assert read_activation(tmp_path) == Activation(200, None, dict.fromkeys("abcd", 50))


def test_the_file_says_in_words_what_an_operator_may_read(tmp_path: Path) -> None:
    change_activation(tmp_path, lambda now: now.to_pin(3).to_label("stable", 2))
    assert json.loads((tmp_path / "activation.json").read_bytes()) == {
        "generation": "2",
        "policy": "ACTIVATION_POLICY_PINNED",
        "version": "3",
        "labels": {"stable": "2"},
    }


def test_fields_of_later_writers_are_passed_over(tmp_path: Path) -> None:
    (tmp_path / "activation.json").write_text(
        '{"generation": "5", "policy": "ACTIVATION_POLICY_LATEST", "later": [1]}'
    )
    assert read_activation(tmp_path) == Activation(5)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"policy": "SOMETIMES"}',
        '{"policy": 9}',
        '{"policy": "ACTIVATION_POLICY_PINNED"}',
        '{"labels": {"stable": "-1"}}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "labels": {"stable": "-1"}}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "labels": {"3": "3"}}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "labels": {"": "3"}}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "labels": {"a\\u001b[2J": "3"}}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "labels": {"a\\n": "3"}}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "generation": "-1"}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "generation": "9223372036854775807"}',
        '{"policy": "ACTIVATION_POLICY_LATEST", "generation": "9007199254740993"}',
        "\udcff",
    ],
)
def test_what_cannot_be_understood_is_refused_and_not_written_over(
    tmp_path: Path, content: str
) -> None:
    file = tmp_path / "activation.json"
    file.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ControlError, match=r"activation\.json"):
        read_activation(tmp_path)
    with pytest.raises(ControlError):
        change_activation(tmp_path, lambda now: now.to_pin(1))
    assert file.read_bytes() == content.encode("utf-8", "surrogateescape")


def test_after_the_last_generation_nothing_is_changed(tmp_path: Path) -> None:
    said = change_activation(tmp_path, lambda now: replace(now, generation=MOST_GENERATION))
    with pytest.raises(ControlError, match=r"activation\.json has the last generation"):
        change_activation(tmp_path, lambda now: now.to_pin(1))
    assert read_activation(tmp_path) == said


def to_itself(path: Path) -> None:
    path.symlink_to(path.name)


def to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def too_large(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)


@pytest.mark.parametrize("make", [os.mkfifo, Path.mkdir, to_itself, to_a_device, too_large])
def test_what_is_no_file_or_too_large_is_no_activation_and_nobody_waits_for_it(
    tmp_path: Path, make: Callable[[Path], object]
) -> None:
    make(tmp_path / "activation.json")
    with pytest.raises(ControlError, match=r"activation\.json is no activation: "):
        read_activation(tmp_path)
    with pytest.raises(ControlError):
        change_activation(tmp_path, lambda now: now.to_pin(1))


def test_nobody_waits_for_what_is_no_file_in_the_place_of_the_lock(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".activation.json.lock")
    with pytest.raises(OSError, match="No such device or address"):
        change_activation(tmp_path, lambda now: now.to_pin(1))


def test_a_change_that_fails_changes_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    before = change_activation(tmp_path, lambda now: now.to_pin(3))

    def fail(_: Activation) -> Activation:
        raise RuntimeError

    with pytest.raises(RuntimeError):
        change_activation(tmp_path, fail)
    assert read_activation(tmp_path) == before
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        ".activation.json.lock",
        "activation.json",
    ]
