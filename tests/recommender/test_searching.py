"""What a search finds and in what order, held against a rule that is slow and obvious."""

from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz import fuzz

from recommender_service.catalogue.catalogue import Catalogue
from recommender_service.catalogue.movie import Movie
from recommender_service.catalogue.searching import ENOUGH_MATCHES
from support.name_index import names_of
from support.titles import keys_by_the_rules, name_by_the_rules

WORD = st.sampled_from(["The", "A", "An", "ab", "abba", "Abb\u00e0", "b", "bab", "八", "1995"])
NAME = st.lists(WORD, min_size=1, max_size=3).map(" ".join)
YEAR = st.sampled_from(["", " (1995)", " (1996)"])
TITLE = st.builds(
    lambda name, other, year: f"{name}{f' ({other})' * bool(other)}{year}",
    NAME,
    st.just("") | NAME,
    YEAR,
)
TEXT = st.builds(str.__add__, NAME | st.text("ab tehn八", min_size=1, max_size=7), YEAR)


def distance(asked: str, name: str) -> float:
    """0 the same, 1 begins with it, 2 holds it, from 3 on is like it."""
    bare = name
    for article in ("the ", "a ", "an "):
        if name.startswith(article):
            bare = name.removeprefix(article)
            break
    if asked in name:
        if asked in {name, bare}:
            return 0
        return 1 if name.startswith(asked) or bare.startswith(asked) else 2
    part = fuzz.partial_ratio(asked, name) if len(asked) <= len(name) else 0
    return 4 - max(fuzz.ratio(asked, name), 0.95 * part) / 100


def by_the_rules(movies: list[Movie], asked: str, year: int | None) -> list[int]:
    """The ids that are to be found, in order."""
    names = [[name for name, _ in keys_by_the_rules(movie.title)] for movie in movies]
    holding = [row for row, its in enumerate(names) if any(asked in name for name in its)]
    looked_at = holding
    if len(holding) < ENOUGH_MATCHES:
        all_names = names_of([(name, row) for row, its in enumerate(names) for name in its])
        rows, _ = all_names.alike(asked)
        looked_at = sorted({*holding, *rows.tolist()})
    found = []
    for row in looked_at:
        title_year = keys_by_the_rules(movies[row].title)[0][1] or movies[row].year
        if year is None or year == title_year:
            nearness = min(
                distance(asked, name) for name in names[row] if row not in holding or asked in name
            )
            found.append((nearness, -movies[row].rating_count, row, movies[row].movie_id))
    return [movie_id for *_, movie_id in sorted(found)]


@given(st.lists(st.tuples(TITLE, st.integers(0, 3)), max_size=30), TEXT)
def test_a_search_finds_what_the_rules_say_in_their_order(
    films: list[tuple[str, int]], text: str
) -> None:
    movies = [Movie(900 - i, title, 1996, (), count) for i, (title, count) in enumerate(films)]
    (_, year) = (keys_by_the_rules(text) or [("", None)])[0]
    asked = name_by_the_rules(text.removesuffix(f" ({year})"))
    found = Catalogue(movies).search(text)
    expected = by_the_rules(movies, asked, year) if asked else []
    assert [movie.movie_id for movie in found] == expected
    assert [found.place_of(str(movie_id)) for movie_id in expected] == list(range(len(expected)))
