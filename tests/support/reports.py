"""Reports of small data sets and versions, and what browsers would make of their pages."""

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import Path

from trainer_service.insights.job import InsightsJob
from trainer_service.insights.making import make

LOADING = {"src", "srcset", "data", "action", "poster", "background", "xlink:href"}
"""Attributes by which a page has something loaded; `href` is one only of some elements."""


class Page(HTMLParser):
    """A page, as a browser reads it.

    Args:
        content: The HTML.
    """

    def __init__(self, content: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.labels: list[str] = []
        self.policy = ""
        self.texts: list[str] = []
        self.feed(content)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self.loaded += [value for name, value in found.items() if name in LOADING]
        if "href" in found:
            (self.links if tag == "a" else self.loaded).append(found["href"])
        if found.get("role") == "img" or tag == "img":
            self.labels.append(found.get("aria-label") or found.get("alt", ""))
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def write_movies(folder: Path, movies: str, ratings: str, header: str = "") -> Path:
    """Writes a data set in GroupLens' form, of lines without headers."""
    folder.mkdir(parents=True)
    columns = header or "userId,movieId,rating"
    (folder / "movies.csv").write_text(f"movieId,title,genres\n{movies}\n", encoding="utf-8")
    (folder / "ratings.csv").write_text(f"{columns}\n{ratings}\n", encoding="utf-8")
    return folder


def report_on(dataset_dir: Path, min_ratings: int = 5_000) -> Path:
    """Makes a report on a data set; returns the folder that it lies in."""
    folder = dataset_dir.with_name(f"{dataset_dir.name}-report")
    folder.mkdir()
    make(
        InsightsJob(
            folder=folder,
            dataset=dataset_dir.name,
            dataset_dir=dataset_dir,
            min_ratings=min_ratings,
        )
    )
    return folder


def names_in(folder: Path) -> Sequence[str]:
    """The files in a folder."""
    return sorted(path.name for path in folder.iterdir())
