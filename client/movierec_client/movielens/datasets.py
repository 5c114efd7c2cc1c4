"""The data sets of GroupLens that can be downloaded by name."""

from dataclasses import dataclass

BASE_URL = "https://files.grouplens.org/datasets/movielens"
"""Where GroupLens has NAME.zip and, beside most, NAME.zip.md5."""

TERMS = (
    "MovieLens is GroupLens' (University of Minnesota), for research: no commercial use without "
    "their permission; https://grouplens.org/datasets/movielens/"
)
"""What all of their licences have in common, in a line."""


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set that GroupLens publishes.

    Args:
        name: Its name, which is that of the archive and of the folder in it.
        size_bytes: About how large the archive is.
        rating_count: About how many ratings it holds.
        md5: What GroupLens publishes as the archive's MD5, for servers that have the archive
            alone; None for a set that changes over time.
        min_ratings: What to train with; None where the default makes sense.
    """

    name: str
    size_bytes: int
    rating_count: int
    md5: str | None = None
    min_ratings: int | None = None


DATASETS = {
    dataset.name: dataset
    for dataset in (
        Dataset("ml-latest-small", 978_202, 100_836, min_ratings=50),
        Dataset("ml-1m", 5_917_549, 1_000_209, "c4d9eecfca2ab87c1945afe126590906", 50),
        Dataset("ml-20m", 198_702_078, 20_000_263, "cd245b17a1ae2cc31bb14903e1204af3"),
        Dataset("ml-25m", 261_978_986, 25_000_095, "6b51fb2759a8657d3bfcbfc42b592ada"),
        Dataset("ml-32m", 238_950_008, 32_000_204, "d472be332d4daa821edc399621853b57"),
    )
}
"""By name. On GroupLens' page a checksum stands beside all of them but ml-latest-small."""
