"""The sample says that it is simulated, has Kaggle's form, and can be learnt from."""

import csv
import io
import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer_service.sample import (
    Catalogue,
    SampleSummary,
    load_catalogue,
    write_sample,
)
from trainer_service.sample.files import rating_rows
from trainer_service.sample.viewers import Audience, Ratings

CATALOGUE = load_catalogue()
FILMS = CATALOGUE.films


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> SampleSummary:
    return write_sample(tmp_path_factory.mktemp("data") / "sample")


@pytest.fixture(scope="module")
def ratings(sample: SampleSummary) -> pd.DataFrame:
    return pd.read_csv(sample.folder / "rating.csv", parse_dates=["timestamp"])


@pytest.fixture(scope="module")
def neighbours(ratings: pd.DataFrame) -> npt.NDArray[np.int64]:
    """Each film's 10 nearest by the cosine of who gave them 4 stars or more, (films, 10)."""
    liked = ratings[ratings.rating >= 4]
    likes = np.zeros((ratings.userId.max(), len(FILMS)))  # (viewers, films)
    likes[liked.userId - 1, liked.movieId - 1] = 1
    likes /= np.linalg.norm(likes, axis=0)
    cosine = likes.T @ likes  # (films, films)
    np.fill_diagonal(cosine, -1)
    return np.argsort(-cosine, axis=1)[:, :10]


def test_the_default_sample_has_some_1400_viewers_and_100000_ratings_of_real_films_only(
    sample: SampleSummary, ratings: pd.DataFrame
) -> None:
    assert sample.user_count == ratings.userId.nunique() == 1_385
    assert sample.movie_count == ratings.movieId.nunique() == len(FILMS)
    assert sample.rating_count == len(ratings)
    assert 90_000 < sample.rating_count < 115_000


def test_the_folder_holds_the_two_files_and_a_readme_and_nothing_lies_beside_it(
    sample: SampleSummary,
) -> None:
    assert {path.name for path in sample.folder.iterdir()} == {
        "README.txt",
        "movie.csv",
        "rating.csv",
    }
    assert list(sample.folder.parent.iterdir()) == [sample.folder]


def test_the_readme_says_in_plain_words_that_all_of_it_is_simulated_and_how(
    sample: SampleSummary,
) -> None:
    text = (sample.folder / "README.txt").read_text("utf-8")
    assert text.startswith("SIMULATED RATINGS")
    assert "no person gave any of them" in text
    assert "scale 0.01, seed 0" in text
    for count in (sample.user_count, sample.movie_count, sample.rating_count):
        assert f"{count:,}" in text


def test_a_row_of_rating_csv_is_written_as_kaggle_writes_it() -> None:
    one = Ratings(*(np.array([value]) for value in (1, 2, 7, 1_112_486_027)))
    assert rating_rows(one) == b'1,2,3.5,"2005-04-02 23:53:47"\n'


@given(
    st.lists(
        st.tuples(
            st.integers(1, 2_000),
            st.integers(990, 10_010),
            st.integers(1, 10),
            st.integers(1_451_606_400, 1_483_228_799),  # 2016, a leap year
        ),
        min_size=1,
        max_size=8,
    )
)
def test_rows_of_rating_csv_read_back_as_what_was_written(
    rows: list[tuple[int, int, int, int]],
) -> None:
    text = rating_rows(Ratings(*np.array(rows).T)).decode("ascii")
    read = [
        (
            int(user_id),
            int(movie_id),
            int(2 * float(rating)),
            int(np.datetime64(moment, "s").astype(np.int64)),
        )
        for user_id, movie_id, rating, moment in csv.reader(io.StringIO(text))
    ]
    assert read == rows


def test_every_line_of_both_files_has_kaggles_header_and_quotes(sample: SampleSummary) -> None:
    movies = (sample.folder / "movie.csv").read_text("utf-8").splitlines()
    assert movies[0] == '"movieId","title","genres"'
    assert movies[1] == '1,"Toy Story (1995)","Adventure|Animation|Children|Comedy|Fantasy"'
    assert all(re.fullmatch(r'\d+,"([^"]|"")+","[^"]+"', line) for line in movies[1:])

    ratings = (sample.folder / "rating.csv").read_bytes().splitlines()
    assert ratings[0] == b'"userId","movieId","rating","timestamp"'
    row = re.compile(rb'\d+,\d+,\d\.[05],"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d"')
    assert all(row.fullmatch(line) for line in ratings[1:])


def test_titles_with_quotes_commas_and_accents_read_back_unchanged(sample: SampleSummary) -> None:
    movies = pd.read_csv(sample.folder / "movie.csv")
    assert movies.title.tolist() == [film.title for film in FILMS]
    assert {
        '"Crocodile" Dundee (1986)',
        "Good, the Bad and the Ugly, The (Buono, il brutto, il cattivo, Il) (1966)",
        "Amelie (Fabuleux destin d'Amélie Poulain, Le) (2001)",
        "8½ (1963)",
        "300 (2006)",
        "M (1931)",
    } <= set(movies.title)


def test_ratings_are_half_stars_spread_as_people_spread_them_and_no_pair_comes_twice(
    ratings: pd.DataFrame,
) -> None:
    assert set(ratings.rating) == {half_stars / 2 for half_stars in range(1, 11)}
    assert 3.4 < ratings.rating.mean() < 3.7
    assert ratings.rating.mode().item() == 4
    assert not ratings.duplicated(["userId", "movieId"]).any()
    assert set(ratings.movieId) <= {film.movie_id for film in FILMS}
    assert ratings.timestamp.between("2016-01-01", "2020-02-01").all()


def test_popular_films_are_rated_most(ratings: pd.DataFrame) -> None:
    rating_count = ratings.movieId.value_counts().sort_index().to_numpy()
    popularity = np.array([film.popularity for film in FILMS])
    assert np.corrcoef(np.log(popularity), np.log(rating_count))[0, 1] > 0.9
    assert rating_count[popularity >= 80].min() > 1.5 * np.median(rating_count)


def test_a_films_series_is_found_again_among_its_five_nearest(
    neighbours: npt.NDArray[np.int64],
) -> None:
    series = np.array([film.series for film in FILMS])
    found = (series[neighbours[:, :5]] == series[:, None]).any(axis=1)
    assert found[series != ""].mean() > 0.9  # 0.95 to 1 is usual; chance 0.03


def test_most_of_the_ten_nearest_films_are_of_the_same_taste(
    neighbours: npt.NDArray[np.int64],
) -> None:
    taste = np.array([film.taste for film in FILMS])
    same = taste[neighbours] == taste[:, None]
    assert 0.75 < same.mean() < 0.98  # 0.88 is usual, chance 0.04; all of them would be no sample


def test_the_films_nearest_to_toy_story_are_its_sequels_and_others_from_pixar(
    neighbours: npt.NDArray[np.int64],
) -> None:
    nearest = [FILMS[index] for index in neighbours[0]]
    assert {film.title for film in nearest[:2]} == {"Toy Story 2 (1999)", "Toy Story 3 (2010)"}
    assert sum(film.taste == "pixar" for film in nearest) >= 6


def test_the_same_seed_and_scale_give_the_same_bytes_and_another_seed_gives_others(
    tmp_path: Path,
) -> None:
    first, again, other = (
        write_sample(tmp_path / name, scale=0.001, seed=seed).folder
        for name, seed in (("first", 7), ("again", 7), ("other", 8))
    )
    for name in ("movie.csv", "rating.csv", "README.txt"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    assert (first / "rating.csv").read_bytes() != (other / "rating.csv").read_bytes()


def test_a_folder_with_something_in_it_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "rating.csv").write_text("precious")
    with pytest.raises(FileExistsError, match=r"mine is not empty.*name another folder"):
        write_sample(tmp_path / "mine", scale=0.001)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
    assert [path.read_text() for path in (tmp_path / "mine").iterdir()] == ["precious"]


def test_a_file_in_place_of_the_folder_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    with pytest.raises(FileExistsError, match="mine is a file: name a folder"):
        write_sample(tmp_path / "mine", scale=0.001)
    assert (tmp_path / "mine").read_text() == "precious"


def test_an_empty_folder_is_filled_and_missing_parents_are_made(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for out_dir in (tmp_path / "empty", tmp_path / "new" / "deep"):
        assert write_sample(out_dir, scale=0.001).folder == out_dir
        assert (out_dir / "rating.csv").exists()


@pytest.mark.parametrize("scale", [0, -0.1, 1.001, math.inf, math.nan])
def test_a_scale_outside_the_legal_range_is_refused_before_anything_is_written(
    tmp_path: Path, scale: float
) -> None:
    with pytest.raises(ValueError, match=f"scale is {scale}; legal is above 0 and at most 1"):
        write_sample(tmp_path / "sample", scale=scale)
    assert not list(tmp_path.iterdir())


def test_a_negative_seed_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="seed is -1; legal is 0 or any whole number above"):
        write_sample(tmp_path / "sample", seed=-1)


def test_the_tiniest_scale_still_has_one_viewer_and_all_real_films(tmp_path: Path) -> None:
    tiny = write_sample(tmp_path / "sample", scale=1e-9)
    assert (tiny.user_count, tiny.movie_count) == (1, len(FILMS))
    assert tiny.rating_count > 0


def test_viewers_simulated_in_several_batches_are_numbered_through_and_rate_no_film_twice() -> None:
    batches = list(Audience(CATALOGUE).ratings(5_000, np.random.default_rng(0)))
    assert len(batches) == 2
    user_id = np.concatenate([batch.user_id for batch in batches])
    movie_id = np.concatenate([batch.movie_id for batch in batches])
    assert np.array_equal(np.unique(user_id), np.arange(1, 5_001))
    assert (np.diff(user_id * len(FILMS) + movie_id) > 0).all()


def test_larger_scales_add_films_that_say_they_are_invented_and_are_rated_by_the_same_tastes(
    tmp_path: Path,
) -> None:
    large = write_sample(tmp_path / "sample", scale=0.03)
    movies = pd.read_csv(large.folder / "movie.csv").set_index("movieId")
    assert large.movie_count == len(movies) == 802
    assert movies.title.iloc[: len(FILMS)].tolist() == [film.title for film in FILMS]
    assert movies.title.iloc[len(FILMS) :].str.fullmatch(r"Invented Film \d{5} \(\d{4}\)").all()
    assert f"{802 - len(FILMS)} invented" in (large.folder / "README.txt").read_text("utf-8")
    rating_count = pd.read_csv(large.folder / "rating.csv").movieId.value_counts()
    assert (rating_count.reindex(movies.index, fill_value=0) > 0).mean() > 0.99


@pytest.fixture(scope="module")
def full_catalogue() -> Catalogue:
    """The films of scale 1."""
    return CATALOGUE.filled_up(26_744, np.random.default_rng(0))


@pytest.fixture(scope="module")
def some_of_the_full_scale(full_catalogue: Catalogue) -> Ratings:
    """What the first 8,192 of 138,493 viewers rate at scale 1, and at any seed much the same."""
    batches = list(Audience(full_catalogue).ratings(8_192, np.random.default_rng(0)))
    columns = ("user_id", "movie_id", "half_stars", "moment")
    return Ratings(
        *(np.concatenate([getattr(batch, column) for batch in batches]) for column in columns)
    )


def test_scale_1_has_the_shape_of_ml_20m(some_of_the_full_scale: Ratings) -> None:
    """20 million ratings, 750 to 1,000 films with more than 5,000 of them, and no film without."""
    share = 8_192 / 138_493
    assert len(some_of_the_full_scale) / share == pytest.approx(20e6, rel=0.05)
    rating_counts = np.bincount(some_of_the_full_scale.movie_id - 1, minlength=26_744) / share
    assert 750 <= (rating_counts > 5_000).sum() <= 1_000
    assert 15 <= np.median(rating_counts) <= 60  # in ML-20M 18
    # So many that of the least popular films, too, hardly one is never rated.
    assert rating_counts[-1_000:].mean() > 10


def test_tastes_are_found_again_at_scale_1_too(
    full_catalogue: Catalogue, some_of_the_full_scale: Ratings
) -> None:
    """The cosine of who liked them brings films of one taste together, as in the small sample."""
    rated = some_of_the_full_scale
    often_rated = np.flatnonzero(np.bincount(rated.movie_id - 1) > 5_000 * 8_192 / 138_493)
    place = np.full(26_744, -1)
    place[often_rated] = np.arange(often_rated.size)
    column = place[rated.movie_id - 1]
    liked = (rated.half_stars >= 8) & (column >= 0)
    likes = np.zeros((8_192, often_rated.size), dtype=np.float32)
    likes[rated.user_id[liked] - 1, column[liked]] = 1
    likes /= np.linalg.norm(likes, axis=0)
    cosine = likes.T @ likes
    np.fill_diagonal(cosine, -1)
    nearest = np.argsort(-cosine, axis=1)[:, :10]
    taste = np.array([full_catalogue.films[index].taste for index in often_rated])
    assert (taste[nearest] == taste[:, None]).mean() > 0.9  # 0.99 is usual, chance 0.04


def test_an_invented_film_takes_genres_and_taste_of_a_real_one_that_is_in_no_series() -> None:
    filled = CATALOGUE.filled_up(5_000, np.random.default_rng(0))
    assert filled.real == FILMS
    genreless = 0
    for film in filled.films[len(FILMS) :]:
        pattern = FILMS[film.likeness - 1]
        assert not film.series
        assert not pattern.series
        assert (film.taste, film.year) == (pattern.taste, pattern.year)
        assert film.genre_text in {"|".join(pattern.genres), "(no genres listed)"}
        genreless += not film.genres
    assert 20 < genreless < 80  # one in a hundred


def test_filling_up_takes_no_film_away() -> None:
    assert CATALOGUE.filled_up(10, np.random.default_rng(0)) == CATALOGUE


def test_the_catalogue_has_real_films_of_a_century_with_toy_story_first() -> None:
    assert 300 <= len(FILMS) <= 350
    assert FILMS[0].title == "Toy Story (1995)"
    assert len({film.title for film in FILMS}) == len(FILMS)
    decades = {film.year // 10 * 10 for film in FILMS}
    assert decades == set(range(1920, 2020, 10))
    assert CATALOGUE.real == FILMS


def test_titles_have_their_article_behind_a_comma_as_in_movielens() -> None:
    assert not [film.title for film in FILMS if re.match(r"(The|A|An) ", film.title)]
    assert sum(", The (" in film.title for film in FILMS) > 50


def test_some_films_share_their_title_and_differ_only_in_the_year() -> None:
    shared = Counter(film.title[:-7] for film in FILMS)
    assert [shared[title] for title in ("Sabrina", "King Kong", "True Grit")] == [2, 2, 2]


def test_every_taste_and_every_series_has_enough_films_to_be_found_again() -> None:
    tastes = Counter(film.taste for film in FILMS)
    assert min(tastes.values()) >= 8
    assert 20 <= len(tastes) <= 26
    series = Counter(film.series for film in FILMS if film.series)
    assert min(series.values()) >= 2
    assert len(series) >= 30
    # An invented film takes after one that is in no series, and every taste should get some.
    assert {film.taste for film in FILMS if not film.series} == set(tastes)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ({"title": "Heat"}, "'Heat' does not end in a year"),
        ({"genres": ("Krimi",)}, r"Heat \(1995\) has \['Krimi'\]; legal are \['Action', "),
        ({"taste": ""}, "has no taste: name the group"),
        ({"popularity": 0}, "has popularity 0: give it one above 0"),
        ({"quality": 5.5}, "has quality 5.5; legal is 0.5 to 5"),
    ],
)
def test_a_film_that_is_not_legal_is_refused_with_a_sentence(
    fault: dict[str, Any], sentence: str
) -> None:
    heat = next(film for film in FILMS if film.title == "Heat (1995)")
    with pytest.raises(ValueError, match=sentence):
        replace(heat, **fault)


def test_films_out_of_number_are_refused() -> None:
    with pytest.raises(ValueError, match="number them in their order"):
        Catalogue(FILMS[1:], len(FILMS) - 1)
