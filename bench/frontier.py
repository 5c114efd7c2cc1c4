"""Draws what long lists cost short ones: one point for each way of training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib import rcParams
from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Place:
    """Where a way of training stands, against EASE; means over splits.

    Args:
        name: What is written beside it.
        whole: NDCG@100 from the whole list, over EASE's on the same users.
        one: NDCG@100 from one film, over EASE's.
        whole_error: Standard error of the first, over the splits.
        one_error: Of the second.
    """

    name: str
    whole: float
    one: float
    whole_error: float
    one_error: float


def draw(places: Sequence[Place], title: str, file: Path) -> None:
    """Draws the places, joined in their order.

    Args:
        places: The ways of training.
        title: Above the picture.
        file: Where to, by its ending as SVG, PNG or what else Matplotlib writes.
    """
    rcParams["svg.hashsalt"] = "movierec"  # so that the same figures make the same file
    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    one, whole = [place.one for place in places], [place.whole for place in places]
    axes.axhline(1, color="0.8", linewidth=1)
    axes.axvline(1, color="0.8", linewidth=1)
    axes.errorbar(
        one,
        whole,
        xerr=[place.one_error for place in places],
        yerr=[place.whole_error for place in places],
        color="#0072b2",
        ecolor="#a6cbe3",
        marker="o",
        linewidth=1.5,
        capsize=3,
    )
    axes.margins(x=0.2, y=0.12)
    for place in places:
        axes.annotate(
            place.name, (place.one, place.whole), xytext=(6, 6), textcoords="offset points"
        )
    axes.set_title(title)
    axes.set_xlabel("from one film: NDCG@100, over EASE's")
    axes.set_ylabel("from the whole list: NDCG@100, over EASE's")
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file, metadata={"Date": None} if file.suffix == ".svg" else None)
