"""A version is believed only when all of it is right."""

import json
import os
import pickle
import shutil
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movierec.v1.artifact_pb2 import ArtifactManifest
from recommender_service.artifact.loading import load_version
from recommender_service.artifact.manifest import parse_manifest, read_manifest
from recommender_service.catalogue.movie import Movie
from recommender_service.errors import BadVersionError
from support.damage import (
    break_reading,
    change_manifest,
    facts_of,
    flip_bit,
    npy,
    replace_file,
    sign,
)
from support.versions import TITLES, publish_by_hand

HEADER = "movie_id,title,year,genres,rating_count"
ROWS = [f'{10 * (i + 1)},"{title}",1999,Drama,5' for i, title in enumerate(TITLES)]
CIRCLE = np.eye(2, dtype=np.float32)[[0, 0, 0, 1, 1, 1]]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    artifacts_dir = tmp_path_factory.mktemp("artifacts")
    publish_by_hand(artifacts_dir)
    return artifacts_dir / "versions" / "1"


@pytest.fixture
def folder(published: Path, tmp_path: Path) -> Path:
    """A good version, which the test makes bad."""
    return Path(shutil.copytree(published, tmp_path / "1"))


def rejected(folder: Path) -> BadVersionError:
    with pytest.raises(BadVersionError) as caught:
        load_version(folder)
    return caught.value


def embeddings(content: bytes) -> Callable[[Path], None]:
    return lambda folder: replace_file(folder, "embeddings.npy", content)


def movies(*lines: str, encoding: str = "utf-8") -> Callable[[Path], None]:
    content = "".join(f"{line}\n" for line in lines).encode(encoding)
    return lambda folder: replace_file(folder, "movies.csv", content)


def raw_npy(header: str) -> bytes:
    text = f"{header}\n".encode()
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(48)


def described(shape: str, kind: str = "<f4") -> bytes:
    return raw_npy(f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}}}")


def test_what_the_trainer_publishes_is_loaded_as_it_is(published: Path) -> None:
    version = load_version(published)
    assert version.number == 1
    assert [movie.title for movie in version.catalogue.movies] == list(TITLES)
    toy_story_2 = version.catalogue.movie(1)
    assert (toy_story_2.movie_id, toy_story_2.year) == (20, 1999)
    assert (toy_story_2.genres, toy_story_2.rating_count) == (("Comedy", "Drama"), 50)
    assert version.manifest == (published / "manifest.json").read_bytes()
    cosines = version.index.cosines(np.array([1, 0], dtype=np.float32))
    assert cosines.tolist() == pytest.approx([1, 0.98481, 0.86603, 0.5, 0, -0.5], abs=1e-5)


def test_the_test_s_own_signature_is_as_good_as_the_trainer_s(folder: Path) -> None:
    change_manifest(folder, dataset="another")
    movies(HEADER, *ROWS)(folder)
    embeddings(npy(CIRCLE))(folder)
    assert load_version(folder).catalogue.movie(0).rating_count == 5


@pytest.mark.parametrize(
    "written",
    [
        "\n".join([HEADER, *ROWS]),
        "\r\n".join([HEADER, *ROWS, ""]),
        "\n".join([HEADER, *ROWS, ""]).replace("Drama", '"Drama"').replace(",5", ',"5"'),
        "\n".join([HEADER, *ROWS, ""]).replace("10,", "+10,").replace(",5", ", 5"),
    ],
    ids=["no last line end", "returns", "more quotes", "more signs"],
)
def test_it_does_not_matter_how_the_table_of_movies_is_written(folder: Path, written: str) -> None:
    replace_file(folder, "movies.csv", written.encode())
    found = load_version(folder).catalogue.movies
    assert list(found) == [
        Movie(10 * (i + 1), title, 1999, ("Drama",), 5) for i, title in enumerate(TITLES)
    ]


def test_columns_in_fortran_order_are_as_good_as_rows(folder: Path) -> None:
    embeddings(npy(np.asfortranarray(CIRCLE)))(folder)
    assert load_version(folder).index.cosines(CIRCLE[5]).argmax() == 3


def test_a_length_that_is_one_but_for_rounding_is_good(folder: Path) -> None:
    embeddings(npy((CIRCLE * 1.0005).astype(np.float32)))(folder)
    assert load_version(folder).number == 1


@pytest.mark.parametrize("name", ["manifest.json", "embeddings.npy", "movies.csv"])
def test_a_file_that_is_missing_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    error = rejected(folder)
    assert (error.reason, error.message) == ("MISSING", f"{name} is not there")


@pytest.mark.parametrize("name", ["manifest.json", "embeddings.npy", "movies.csv"])
@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_never_opened(
    folder: Path, name: str, make: Callable[[Path], None]
) -> None:
    """A pipe that nobody writes to would be read for ever."""
    (folder / name).unlink()
    make(folder / name)
    error = rejected(folder)
    assert (error.reason, error.message) == ("MISSING", f"{name} is there, but is no file")


@pytest.mark.parametrize("name", ["manifest.json", "embeddings.npy", "movies.csv"])
def test_a_link_counts_as_what_it_leads_to(folder: Path, tmp_path: Path, name: str) -> None:
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to(tmp_path / "elsewhere")
    assert load_version(folder).number == 1
    (tmp_path / "elsewhere").unlink()
    assert rejected(folder).reason == "MISSING"


@pytest.mark.parametrize("name", ["embeddings.npy", "movies.csv"])
@pytest.mark.parametrize("left", [0, 1, -1])
def test_a_truncated_file_is_found_by_its_size(folder: Path, name: str, left: int) -> None:
    content = (folder / name).read_bytes()
    (folder / name).write_bytes(content[:left])
    error = rejected(folder)
    assert error.reason == "CHECKSUM"
    size = len(content[:left])
    assert error.message == f"{name} has {size:,} bytes, and the manifest says {len(content):,}"


@pytest.mark.parametrize("left", [0, 1, -3, 500])
def test_a_truncated_manifest_is_none(folder: Path, left: int) -> None:
    content = (folder / "manifest.json").read_bytes()
    (folder / "manifest.json").write_bytes(content[:left])
    assert rejected(folder).reason == "FORMAT"


@pytest.mark.parametrize("name", ["embeddings.npy", "movies.csv", "manifest.json"])
def test_a_file_that_goes_on_after_its_end_is_rejected(folder: Path, name: str) -> None:
    with (folder / name).open("ab") as file:
        file.write(b" ")
    assert rejected(folder).reason == "CHECKSUM"


@given(offset=st.integers(0, 10_000), bit=st.integers(0, 7))
@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("embeddings.npy", {"CHECKSUM"}),
        ("movies.csv", {"CHECKSUM"}),
        ("manifest.json", {"CHECKSUM", "FORMAT"}),
    ],
)
def test_a_single_bit_that_changed_anywhere_is_noticed(
    published: Path, name: str, reasons: set[str], offset: int, bit: int
) -> None:
    good = (published / name).read_bytes()
    try:
        flip_bit(published / name, offset, bit)
        assert rejected(published).reason in reasons
    finally:
        (published / name).write_bytes(good)


@pytest.mark.parametrize("size", [-1, -2, 0, 2**40, 2**63 - 1])
def test_a_size_that_is_only_said_takes_no_memory(folder: Path, size: int) -> None:
    files = [file | {"size_bytes": size} for file in facts_of(folder)["files"]]
    change_manifest(folder, files=files)
    assert rejected(folder).reason == "CHECKSUM"


@pytest.mark.parametrize(
    ("damage", "reason", "words"),
    [
        (embeddings(npy(CIRCLE.astype(np.float64))), "FORMAT", "holds float64 (6, 2)"),
        (embeddings(npy(CIRCLE.astype(">f4"))), "FORMAT", "holds >f4"),
        (embeddings(npy(CIRCLE[:5])), "FORMAT", "(5, 2), and the manifest says float32 (6, 2)"),
        (embeddings(npy(CIRCLE.T)), "FORMAT", "(2, 6)"),
        (embeddings(npy(CIRCLE[0])), "FORMAT", "(2,)"),
        (embeddings(npy(CIRCLE.astype(object))), "FORMAT", "embeddings.npy is no array"),
        (embeddings(pickle.dumps(CIRCLE)), "FORMAT", "is no array"),
        (embeddings(b""), "FORMAT", "is no array"),
        (embeddings(b"PK\x03\x04"), "FORMAT", "is no array"),
        (embeddings(described("(2000000000000, 64)")), "FORMAT", "is no array"),
        (embeddings(described("(1" + "0" * 30 + ", 2)")), "FORMAT", "is no array"),
        (embeddings(described("(True, 2)")), "FORMAT", "is no array"),
        (embeddings(described("(-1, 2)")), "FORMAT", "is no array"),
        (embeddings(raw_npy("(((")), "FORMAT", "is no array"),
        (embeddings(raw_npy("-" * 9_000)), "FORMAT", "is no array"),
        (embeddings(npy(CIRCLE * np.float32(np.nan))), "VALUES", "not finite"),
        (embeddings(npy(CIRCLE - np.float32(np.inf))), "VALUES", "not finite"),
        (embeddings(npy(CIRCLE * np.float32(1e30))), "VALUES", "row 0 of length 1e+30"),
        (embeddings(npy(CIRCLE * np.float32(0))), "VALUES", "row 0 of length 0;"),
        (embeddings(npy(CIRCLE * np.float32(1.01))), "VALUES", "rows must have length 1"),
        (movies(HEADER, *ROWS[:5]), "FORMAT", "has 5 movies, and the manifest says 6"),
        (movies(HEADER, *ROWS, "70,Heat 2,,,1"), "FORMAT", "has 7 movies"),
        (movies(*ROWS), "FORMAT", "has the columns 10, Toy Story (1995)"),
        (movies(HEADER.replace("year,", ""), *ROWS), "FORMAT", "has the columns movie_id, title,"),
        (movies(f"\ufeff{HEADER}", *ROWS), "FORMAT", "has the columns"),
        (movies(f"{HEADER} ", *ROWS), "FORMAT", "has the columns"),
        (movies(f"{HEADER}\x0c", *ROWS), "FORMAT", "has the columns"),
        (movies(), "FORMAT", "movies.csv cannot be read"),
        (movies(HEADER, "", *ROWS), "FORMAT", "row 0, in line 2: it is empty"),
        (movies(HEADER, "1,a\rb,,,1"), "FORMAT", "a return stands outside of quotes"),
        (movies(HEADER, *ROWS[:5], "60,Sabrina"), "FORMAT", "cannot be read"),
        (movies(HEADER, *ROWS[:5], '60,"Sabrina'), "FORMAT", "cannot be read"),
        (movies(HEADER, *ROWS[:5], "60.0,Sabrina,,,1"), "FORMAT", "60.0"),
        (movies(HEADER, *ROWS[:5], "60,Sabrina,long ago,,1"), "FORMAT", "long ago"),
        (
            movies(HEADER, *ROWS[:5], "60,Sabrina,-1,,1"),
            "FORMAT",
            "row 5, in line 7: year -1 is not",
        ),
        (
            movies(HEADER, *ROWS[:5], "60,Sabrina,10000,,1"),
            "FORMAT",
            "row 5, in line 7: year 10000 is not",
        ),
        (
            movies(HEADER, *ROWS[:5], f"60,{'x' * 131_073},,,1"),
            "FORMAT",
            "a cell has more than 131,072",
        ),
        (
            movies(HEADER, *ROWS[:5], f"60,x,,{'x' * 131_073},1"),
            "FORMAT",
            "a cell has more than 131,072",
        ),
        (movies(HEADER, *ROWS[:5], f"{2**63},Sabrina,,,1"), "FORMAT", f"movie_id {2**63} is not"),
        (movies(HEADER, *ROWS[:5], "60,Sabrina,,,-1"), "FORMAT", "rating_count -1 is not legal"),
        (movies(HEADER, *ROWS[:5], ROWS[0]), "VALUES", "movies.csv has a movie id twice"),
        (movies(HEADER, "1,\xe9,,,1", encoding="latin-1"), "FORMAT", "cannot be read"),
        (lambda folder: change_manifest(folder, movie_count=7), "FORMAT", "float32 (7, 2)"),
        (lambda folder: change_manifest(folder, movie_count=-6), "FORMAT", "float32 (-6, 2)"),
        (lambda folder: change_manifest(folder, files=[]), "FORMAT", "not name embeddings.npy"),
        (lambda folder: change_manifest(folder, version="2"), "FORMAT", "its folder is 1"),
        (lambda folder: change_manifest(folder, version="-1"), "FORMAT", "says version -1"),
        (lambda folder: change_manifest(folder, format=2), "FORMAT", "format 2; this recommender"),
        (lambda folder: change_manifest(folder, format=0), "FORMAT", "format 0"),
    ],
)
def test_what_is_wrong_is_rejected_with_its_reason_and_a_sentence(
    folder: Path, damage: Callable[[Path], None], reason: str, words: str
) -> None:
    damage(folder)
    error = rejected(folder)
    assert error.reason == reason
    assert words in error.message


def test_a_version_without_movies_is_no_version(folder: Path) -> None:
    change_manifest(folder, movie_count=0)
    embeddings(npy(CIRCLE[:0]))(folder)
    movies(HEADER)(folder)
    error = rejected(folder)
    assert (error.reason, error.message) == (
        "VALUES",
        "embeddings.npy has no rows; rows must have length 1",
    )


def test_a_pickle_is_rejected_and_not_run(folder: Path, tmp_path: Path) -> None:
    class Mine:
        def __reduce__(self) -> tuple[Callable[[Path], None], tuple[Path]]:
            return Path.touch, (tmp_path / "it was run",)

    embeddings(npy(np.array([Mine()], dtype=object)))(folder)
    assert rejected(folder).reason == "FORMAT"
    assert not (tmp_path / "it was run").exists()


def test_what_a_later_writer_adds_is_passed_over_but_covered_by_the_digest(folder: Path) -> None:
    later = facts_of(folder) | {"from_later": {"deep": [1, {"deeper": None}]}, "a_note": "new"}
    sign(folder, later)
    (folder / "reviews.parquet").write_bytes(b"a file of a later writer")
    assert load_version(folder).number == 1
    text = (folder / "manifest.json").read_text()
    (folder / "manifest.json").write_text(text.replace('"new"', '"old"'))
    assert rejected(folder).reason == "CHECKSUM"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"no json",
        b"null",
        b"3",
        b'{"format": 1e400}',
        b'{"format": 1, "format": 1}',
        b'{"digest": "\\ud800"}',
        b'{"data": ' * 100_000,
        b"[" * 100_000,
        b'{"version": ' + b"9" * 5_000 + b"}",
    ],
)
def test_what_is_no_manifest_is_rejected_in_one_sentence(folder: Path, content: bytes) -> None:
    (folder / "manifest.json").write_bytes(content)
    error = rejected(folder)
    assert error.reason == "FORMAT"
    assert error.message.startswith("manifest.json is no manifest: ")
    assert len(error.message) <= 300


def test_a_manifest_of_gigabytes_is_not_read(folder: Path) -> None:
    with (folder / "manifest.json").open("ab") as file:
        file.truncate(2**34)  # a hole, which takes no room
    error = rejected(folder)
    assert (error.reason, error.message) == (
        "FORMAT",
        "manifest.json has more than 16,777,216 bytes",
    )


FIELDS = st.sampled_from([field.name for field in ArtifactManifest.DESCRIPTOR.fields])
ANY_NAME = FIELDS | st.text(max_size=5)
ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_NAME, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(ANY_NAME, ANY_JSON, max_size=6))
def test_any_json_is_a_manifest_or_rejected_as_none(facts: dict[str, object]) -> None:
    with suppress(BadVersionError):
        assert isinstance(parse_manifest(json.dumps(facts).encode()), ArtifactManifest)


def test_a_volume_that_answers_with_an_error_is_not_the_version_s_fault(folder: Path) -> None:
    for name, read in (("movies.csv", load_version), ("manifest.json", read_manifest)):
        break_reading(folder / name)
        with pytest.raises(OSError, match="Input/output error"):
            read(folder)
