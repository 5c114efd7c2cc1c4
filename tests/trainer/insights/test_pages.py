"""Pages need nobody, are read aloud, and take whatever stands in a title for a title."""

import json
import math
import re
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape
from matplotlib.axes import Axes

from support.datasets import write_two_tastes
from support.reports import Page, names_in, report_on, write_movies
from support.versions import publication, publish
from trainer_service.insights.dataset_numbers import TOP, DatasetNumbers
from trainer_service.insights.dataset_report import report_on_dataset
from trainer_service.insights.drawing import VERMILION, draw
from trainer_service.insights.film_map import MOST_FILMS
from trainer_service.insights.job import InsightsJob, Losses
from trainer_service.insights.making import make
from trainer_service.insights.page import page_of
from trainer_service.insights.report import shortened
from trainer_service.insights.version_numbers import (
    BEST_KNOWN,
    EXTREMES,
    NEIGHBOURS,
    FilmMap,
    Neighbour,
    Neighbourhood,
    VersionNumbers,
)
from trainer_service.insights.version_pictures import METHODS, rankings
from trainer_service.insights.version_report import report_on_version
from trainer_service.model.evaluation import RankingMetrics

HOSTILE = (
    "</script><script>alert(1)</script> \"quoted\" 'and' <img src=x onerror=alert(1)> $x_1$ & -->"
)
TITLES = (
    HOSTILE,
    "千と千尋の神隠し (2001)",
    "عربي (1999)",
    "Ninotchka \u2028 (1939)",
    "{{ 7 * 7 }}",
)


@pytest.fixture(scope="module")
def of_dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [
        f'{place},"{title.replace(chr(34), chr(34) * 2)}",<b>$Bad$</b>|Drama'
        for place, title in enumerate(TITLES, 1)
    ]
    ratings = [f"{user},{movie},{1 + movie % 5}" for user in (1, 2) for movie in range(1, 6)]
    folder = tmp_path_factory.mktemp("hostile") / "films"
    return report_on(write_movies(folder, "\n".join(rows), "\n".join(ratings)))


@pytest.fixture(scope="module")
def of_version(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("version")
    artifacts = folder / "artifacts"
    number = publish(artifacts, publication(TITLES, (0, 30, 50, 90, 120)))
    report = folder / "report"
    report.mkdir()
    losses = Losses(loss=(3.0, 2.0), val_loss=(3.5, 2.5))
    make(InsightsJob(folder=report, version=number, artifacts_dir=artifacts, losses=losses))
    return report


@pytest.fixture(scope="module", params=["dataset", "version"])
def page(request: pytest.FixtureRequest) -> str:
    folder: Path = request.getfixturevalue(f"of_{request.param}")
    return (folder / f"{request.param}.html").read_text("utf-8")


def test_a_page_loads_nothing_and_may_not(page: str) -> None:
    found = Page(page)
    assert not [address for address in found.loaded if not address.startswith(("#", "data:"))]
    assert not [address for address in found.links if "/" in address or ":" in address]
    assert found.policy.startswith("default-src 'none'")
    assert "url(http" not in page
    assert "@import" not in page


def test_a_title_is_never_markup_nor_script(page: str) -> None:
    found = Page(page)
    assert not {"img", "b"} & set(found.tags) - {"svg"}
    assert "<script>alert(1)" not in page
    assert "49" not in [text.strip() for text in found.texts]


def test_titles_in_any_script_are_there_as_they_are(page: str) -> None:
    assert "千と千尋の神隠し (2001)" in page
    if '"films"' in page:
        data = page.partition('class="widget-data">')[2].partition("</script>")[0]
        titles = [film[2] for film in json.loads(data)["films"]]
        assert set(titles) == set(TITLES)
        assert "\u2028" not in data


def test_every_picture_says_what_is_to_be_seen(page: str) -> None:
    labels = Page(page).labels
    assert labels
    assert all(len(label) > 40 for label in labels)


def test_a_picture_s_own_file_has_what_is_to_be_seen_as_its_name(
    of_dataset: Path, of_version: Path
) -> None:
    pictures = [*of_dataset.glob("*.svg"), *of_version.glob("*.svg")]

    assert len(pictures) > 10
    for picture in pictures:
        root = ET.parse(picture).getroot()  # noqa: S314  # our own
        assert root.get("role") == "img"
        assert root[0].tag.endswith("}title")
        assert len(root[0].text or "") > 30


def test_letters_that_xml_does_not_take_leave_a_picture_whole() -> None:
    def paint(axes: Axes) -> None:
        axes.set_title("\x1b[31m red \x00 \uffff")

    picture = draw("odd", "letters \x07 & <b>", paint)

    root = ET.fromstring(picture.svg)  # noqa: S314  # our own
    assert "[31m red" in "".join(root.itertext())
    assert "<title>" not in picture.inline


def test_a_page_is_light_and_dark_and_fits_a_telephone(page: str) -> None:
    assert "@media (prefers-color-scheme: dark)" in page
    assert '<meta name="viewport" content="width=device-width' in page
    assert len(page.encode()) < 3_000_000


@pytest.mark.parametrize(
    "title",
    ["千と千尋の神隠し長い題名" * 20, "<'&" * 80, "\x01" * 230, "🎬" * 230, "x" * 100_000],
    ids=["Japanese", "markup", "unprintable", "four bytes a letter", "endless"],
)
def test_the_longest_titles_and_genres_leave_a_version_s_page_within_3_mb(
    of_version: Path, title: str
) -> None:
    """Of as many films as there are on a map, none of which has a title or genre like another."""
    numbers = VersionNumbers.model_validate_json((of_version / "version.json").read_bytes())
    film = numbers.map.points[0]
    points = tuple(
        film.model_copy(
            update={
                "title": f"{at} {title}",
                "genres": tuple(f"{at} {place} {title}"[:300] for place in range(20)),
                "x": round(math.cos(at), 4),
                "y": round(math.sin(at * at), 4),
                "rating_count": 1_000_000,
                "genre": at % 7,
            }
        )
        for at in range(MOST_FILMS)
    )
    genres = tuple(f"{at} {title}"[:300] for at in range(7))
    found = FilmMap(method="t-SNE", genres=genres, points=points)
    long = numbers.neighbourhoods[0].film.model_copy(update={"title": title})
    near = Neighbour(film=long, score=0.5)
    neighbourhood = Neighbourhood(film=long, neighbours=(near,) * NEIGHBOURS)
    standing = numbers.central[0].model_copy(update={"film": long, "nearest": title})
    page = page_of(
        report_on_version(
            numbers.model_copy(
                update={
                    "map": found,
                    "neighbourhoods": (neighbourhood,) * BEST_KNOWN,
                    "central": (standing,) * EXTREMES,
                    "isolated": (standing,) * EXTREMES,
                }
            )
        )
    )
    assert len(page.encode()) < 3_000_000


def test_the_longest_titles_leave_a_data_set_s_page_within_3_mb(of_dataset: Path) -> None:
    numbers = DatasetNumbers.model_validate_json((of_dataset / "dataset.json").read_bytes())
    movie = numbers.most_rated[0].model_copy(update={"title": "<" * 100_000})
    changed = numbers.model_copy(
        update={"most_rated": (movie,) * TOP, "best_rated": (movie,) * TOP}
    )
    assert len(page_of(report_on_dataset(changed)).encode()) < 3_000_000


@given(st.text(), st.integers(9, 300))
def test_what_is_shortened_is_a_beginning_that_fits_as_the_page_has_it(
    text: str, longest: int
) -> None:
    found = shortened(text, longest)
    assert found == text or text.startswith(found.removesuffix("…"))
    for written in (json.dumps(found, ensure_ascii=False)[1:-1], str(escape(found))):
        assert len(written.encode()) <= longest
    assert len(text.encode()) > longest / 6 or found == text


def test_numbers_and_pictures_lie_beside_the_page(of_dataset: Path, of_version: Path) -> None:
    assert {"dataset.html", "dataset.json", "dataset-stars.svg"} <= set(names_in(of_dataset))
    assert {"version.html", "version.json", "version-map.svg"} <= set(names_in(of_version))
    numbers = json.loads((of_version / "version.json").read_text("utf-8"))
    assert numbers["losses"] == {"loss": [3.0, 2.0], "val_loss": [3.5, 2.5]}
    for picture in (*of_dataset.glob("*.svg"), *of_version.glob("*.svg")):
        content = picture.read_text("utf-8")
        assert "var(--" not in content, "a picture by itself has colours of its own"
        assert "<script" not in content


def test_what_was_not_measured_is_said_to_be_so(of_version: Path) -> None:
    content = (of_version / "version.html").read_text("utf-8")
    assert "Nothing was measured. measured by hand." in content


@pytest.mark.parametrize(
    ("movies", "ratings", "header"),
    [
        ("1,Solo,(no genres listed)", "1,1,3", ""),
        ("1,A (1999),Drama\n2,B (1999),Drama", "1,1,3\n2,2,4.5", ""),
        ("1,A,Drama\n2,B,Comedy|Drama\n3,C,", "1,1,3\n2,2,4.5\n2,3,0.5", ""),
        ("1,A (1999),Drama\n1,A (1999),Drama", "1,1,3\n1,1,4\nx,1,2\n1,9,3\n1,1,99\n,1,1", ""),
        (
            "1,A (1999),Drama\n2,B (9999),Drama",
            "1,1,3,0\n2,2,4,4000000000\n3,2,4,x",
            "userId,movieId,rating,timestamp",
        ),
    ],
    ids=["one movie", "one year", "no years", "bad rows", "odd times"],
)
def test_small_and_odd_data_has_a_page_too(
    tmp_path: Path, movies: str, ratings: str, header: str
) -> None:
    folder = report_on(write_movies(tmp_path / "odd", movies, ratings, header))
    page = (folder / "dataset.html").read_text("utf-8")
    assert 5_000 < len(page.encode()) < 3_000_000
    assert "nan" not in page.lower().split()


def test_genres_have_their_share_of_all_movies_and_those_not_shown_are_counted(
    tmp_path: Path,
) -> None:
    movies = "\n".join(f"{at},A{at},{'Drama|' if at <= 15 else ''}g{at:02}" for at in range(1, 31))
    ratings = "\n".join([f"1,{at},3" for at in range(1, 31)] + [f"2,{at},3" for at in range(1, 11)])
    folder = report_on(write_movies(tmp_path / "many", movies, ratings))
    page = (folder / "dataset.html").read_text("utf-8")
    assert "Drama: 50 % of the movies, with 62.5 % of the ratings" in page
    assert "7 genres of fewer movies are not shown" in page


@pytest.mark.parametrize("each", [1, 2])
def test_where_no_year_has_a_mean_there_is_no_empty_picture_but_a_sentence(
    tmp_path: Path, each: int
) -> None:
    films = range(1, 12 * each + 1)
    movies = "\n".join(f"{at},A{at} ({1950 + at % 12 * 2}),Drama" for at in films)
    folder = report_on(
        write_movies(tmp_path / "thin", movies, "\n".join(f"1,{at},3" for at in films))
    )
    assert "dataset-ratings-by-year.svg" not in names_in(folder)
    assert "dataset-movies-by-year.svg" in names_in(folder)
    assert "no year has 3 movies" in (folder / "dataset.html").read_text("utf-8")


def test_where_some_years_have_no_mean_the_page_tells_the_rule_and_the_means_of_the_others(
    tmp_path: Path,
) -> None:
    years = [1950, 1950, 1950, *range(1951, 1970)]
    movies = "\n".join(f"{at},A{at} ({year}),Drama" for at, year in enumerate(years))
    ratings = "\n".join(f"1,{at},{4 if at < 3 else 1}" for at in range(len(years)))
    page = (report_on(write_movies(tmp_path / "some", movies, ratings)) / "dataset.html").read_text(
        "utf-8"
    )
    assert "Years with fewer than 3 movies have no mean drawn" in page
    assert "from 4.00 to 4.00" in page


def measured(each: float, **others: float) -> RankingMetrics:
    """What was measured of a method: the same figure for all but some."""
    return RankingMetrics.model_validate(dict.fromkeys(RankingMetrics.model_fields, each) | others)


def test_a_method_keeps_its_colour_and_shape_when_another_is_missing() -> None:
    metrics = measured(0.5, user_count=9)

    def markers(methods: Iterable[str]) -> set[tuple[str, str]]:
        svg = rankings("rankings", "all", dict.fromkeys(methods, metrics)).svg
        return set(re.findall(r'<path id="[^"]*" d="([^"]*)" style="stroke: ([^";]*)', svg))

    of_all, of_some = markers(METHODS), markers(set(METHODS) - {"EASE"})
    assert of_some < of_all
    assert {colour for _, colour in of_all - of_some} == {VERMILION}


def test_what_the_data_does_not_say_is_said_to_be_missing(tmp_path: Path) -> None:
    folder = report_on(write_movies(tmp_path / "bare", "1,A,\n2,B,", "1,1,3\n2,2,4"))
    page = (folder / "dataset.html").read_text("utf-8")
    assert "None of the 2 titles says a year" in page
    assert "None of the 2 movies has a genre" in page
    assert "Of no rating is it known when it was given" in page


def test_losses_that_are_gone_with_their_run_are_said_to_be_so(of_version: Path) -> None:
    numbers = VersionNumbers.model_validate_json((of_version / "version.json").read_bytes())
    page = page_of(report_on_version(numbers.model_copy(update={"losses": Losses()})))
    assert "the log of run run-1 is gone" in page


def test_of_data_that_has_changed_a_version_has_no_page_and_says_so(tmp_path: Path) -> None:
    data = write_two_tastes(tmp_path / "tastes")
    artifacts, report = tmp_path / "artifacts", tmp_path / "report"
    number = publish(artifacts, publication())
    report.mkdir()
    make(
        InsightsJob(
            folder=report,
            version=number,
            artifacts_dir=artifacts,
            dataset="tastes",
            dataset_dir=data,
        )
    )
    assert "version.html" in names_in(report)
    assert "dataset.html" not in names_in(report), "it was not trained on that"
    assert "has changed since" in (report / "version.html").read_text("utf-8")


def test_the_bars_of_a_measure_end_where_it_does() -> None:
    sure = measured(0.4, user_count=2, recall_at_20=0.5, recall_at_50=0.99, ndcg_at_100=0.01)
    picture = rankings("bars", "two people", {"this model": sure}).svg
    ticks = [float(text) for text in re.findall(r">(\d\.\d+)<", picture)]
    assert max(ticks) == 1


def test_a_title_in_a_list_turns_no_other_one(of_version: Path) -> None:
    page = (of_version / "version.html").read_text("utf-8")
    assert "\u2068عربي (1999)\u2069 " in page


def test_what_a_page_says_of_single_movies_and_strange_times(tmp_path: Path) -> None:
    lines = [f"{at},{1 + at % 3},4,{946684800 + at}" for at in range(300)] + ["999,1,4,1"]
    movies = "1,A (1999),Drama\n2,B (1999),Drama\n3,C (1999),Western"
    page = (
        report_on(
            write_movies(
                *(tmp_path / "times", movies, "\n".join(lines)),
                header="userId,movieId,rating,timestamp",
            )
        )
        / "dataset.html"
    ).read_text("utf-8")
    assert "1 have times that are far from all others" not in page
    assert "1 has a time that is far from all others" in page
    assert "A genre of a single movie has none." in page
    assert "from 2000-01 to 2000-01" in page
