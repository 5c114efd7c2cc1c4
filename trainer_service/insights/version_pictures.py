"""The pictures of a version."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from trainer_service.insights.drawing import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    PAPER,
    PURPLE,
    SHARES,
    SKY,
    VERMILION,
    YELLOW,
    Picture,
    draw,
    named,
    share,
)
from trainer_service.insights.job import Losses
from trainer_service.insights.version_numbers import FilmMap, Popularity
from trainer_service.model.evaluation import RankingMetrics

GENRE_COLOURS = (BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, YELLOW)
"""In the order of the map's genres, as in the page's script."""

LABELS = 14
"""Titles on the map that is drawn; the page's own shows every one."""

LONGEST_LABEL = 36

SHORT_NAME = 16
"""Letters of a genre's name of which four stand beside each other."""

MEASURES = {"NDCG@100": "ndcg_at_100", "Recall@50": "recall_at_50", "Recall@20": "recall_at_20"}
METHODS = {
    "this model": (BLUE, "o"),
    "EASE": (VERMILION, "s"),
    "item cosine": (GREEN, "D"),
    "popularity": (MUTED, "^"),
}
"""The colour and the shape of each, whichever others there are."""

Rankings = dict[str, RankingMetrics]
"""What was measured, by the names in `METHODS`."""


def losses(found: Losses, best_epoch: int) -> Picture:
    """Training and validation loss over the epochs, and the checkpoint that was kept.

    Args:
        found: Of one epoch at least.
        best_epoch: Whose weights were kept, counted from 1.
    """
    epochs = np.arange(1, len(found.loss) + 1)
    val = np.array([np.nan if loss is None else loss for loss in found.val_loss], dtype=float)
    has_val = not np.isnan(val).all()
    shown = val if has_val else np.array(found.loss)
    kept = shown[best_epoch - 1] if 1 <= best_epoch <= len(shown) else None

    def paint(axes: Axes) -> None:
        marker = "o" if len(epochs) < 3 else None
        axes.plot(epochs, found.loss, color=BLUE, label="training", marker=marker)
        if has_val:
            axes.plot(
                *(epochs, val), color=ORANGE, label="validation", linestyle="--", marker=marker
            )
        if kept is not None:
            axes.plot(
                *(best_epoch, kept),
                color=VERMILION,
                marker="o",
                markersize=8,
                linestyle="none",
                label=f"kept: epoch {best_epoch}",
            )
        axes.set(xlabel="epoch", ylabel="loss")
        axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, min_n_ticks=1))
        if len(epochs) < 3:
            axes.set_xlim(0.5, len(epochs) + 0.5)
        axes.legend()

    said = f", and validation loss from {val[0]:.2f} to {val[-1]:.2f}" if has_val else ""
    alt = (
        f"Lines: training loss over {len(epochs)} epochs, from {found.loss[0]:.2f} to "
        f"{found.loss[-1]:.2f}{said}. Epoch {best_epoch} was kept."
    )
    return draw("version-loss", alt, paint)


def rankings(name: str, what: str, measured: Rankings) -> Picture:
    """What the model is worth beside the baselines, with error bars.

    Args:
        name: What the picture's file is called.
        what: What was given, e.g. "most of what they like".
        measured: What was measured, at least of the model.
    """

    def paint(axes: Axes) -> None:
        for place, (method, (colour, shape)) in enumerate(METHODS.items()):
            if method not in measured:
                continue
            metrics = measured[method]
            values = np.array([getattr(metrics, field) for field in MEASURES.values()])
            errors = 2 * np.array(
                [getattr(metrics, f"{field}_standard_error") for field in MEASURES.values()]
            )
            rows = np.arange(len(MEASURES)) * 1.0 + 0.17 * (1.5 - place)
            axes.errorbar(
                *(values, rows),
                xerr=(np.minimum(errors, values), np.minimum(errors, 1 - values)),  # within 0 to 1
                fmt=shape,
                color=colour,
                elinewidth=1.6,
                capsize=2.5,
                markersize=6,
                label=method,
            )
        axes.set_yticks(range(len(MEASURES)), list(MEASURES))
        axes.set_ylim(-0.5, len(MEASURES) - 0.5)
        axes.set_xlim(left=0)
        axes.set_xlabel("higher is better")
        axes.legend(loc="upper left", ncols=len(measured), bbox_to_anchor=(-0.18, 1.14),
                    columnspacing=0.9, handletextpad=0.1)  # fmt: skip

    said = ", ".join(
        f"{method} {metrics.ndcg_at_100:.3f} ± {2 * metrics.ndcg_at_100_standard_error:.3f}"
        for method, metrics in measured.items()
    )
    alt = f"Points with error bars of two standard errors, given {what}. NDCG@100: {said}."
    return draw(name, alt, paint)


def popularity(found: Popularity) -> Picture:
    """What is recommended, by how well known it is."""
    half = len(found.catalogue) // 10

    def paint(axes: Axes) -> None:
        lines = (
            ("ratings", found.ratings, ORANGE, "--"),
            ("recommended", found.recommended, BLUE, "-"),
            ("every movie alike", found.catalogue, MUTED, ":"),
        )
        for label, values, colour, style in lines:
            axes.plot(found.catalogue, values, color=colour, linestyle=style, label=label)
        axes.set(xlabel="of the movies, the best known first", ylabel="have so much of all")
        axes.xaxis.set_major_formatter(SHARES)
        axes.yaxis.set_major_formatter(SHARES)
        axes.set_xlim(0, 1)
        axes.set_ylim(0, 1.02)
        axes.legend(loc="lower right")

    alt = (
        f"Curves: the best known tenth of the movies has {share(found.ratings[half])} of the "
        f"ratings and {share(found.recommended[half])} of what is recommended."
    )
    return draw("version-popularity", alt, paint)


def film_map(found: FilmMap) -> Picture:
    """The embedding in two dimensions, coloured by genre."""
    at = np.array([(point.x, point.y) for point in found.points])
    own = np.array([point.genre for point in found.points])
    counts = np.array([point.rating_count for point in found.points], dtype=float)
    room = np.clip(18_000 / len(at), 8, 60)
    sizes = room * (0.25 + np.log1p(counts) / max(1e-9, np.log1p(counts).max()))

    def paint(axes: Axes) -> None:
        for place, genre in ((-1, "another, or none"), *enumerate(found.genres)):
            mine = own == place
            if mine.any():
                axes.scatter(
                    at[mine, 0],
                    at[mine, 1],
                    s=sizes[mine],
                    color=MUTED if place < 0 else GENRE_COLOURS[place],
                    alpha=0.45 if place < 0 else 0.85,
                    edgecolors=INK,
                    linewidths=0.25,  # without which yellow is hardly to be seen on paper
                    zorder=1,
                    label=named(genre),
                )
        axes.set_rasterization_zorder(1.5)  # a film would have a thousand bytes otherwise
        for x, y, title in _apart([(p.x, p.y, p.title) for p in found.points]):
            ground = {"facecolor": PAPER, "alpha": 0.7, "pad": 0.4, "linewidth": 0}
            axes.text(x, y + 0.025, title, ha="center", va="bottom", fontsize=8, bbox=ground)
        axes.set_xticks([])
        axes.set_yticks([])
        axes.set_aspect("equal")
        axes.spines[["left", "bottom"]].set_visible(False)
        legend = axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, 0),
            ncols=4 if all(len(genre) <= SHORT_NAME for genre in found.genres) else 2,
            markerscale=1.3,
            handletextpad=0.2,
        )
        for handle in legend.legend_handles:
            if handle:
                handle.set_alpha(1)

    coloured = ", ".join(map(named, found.genres)) or "none"
    alt = (
        f"A map of {len(found.points):,} films by {found.method}: what lies near each other is "
        f"liked by the same people. Coloured by genre: {coloured}."
    )
    return draw("version-map", alt, paint, width=7.2, height=7.2)


def _apart(
    points: Sequence[tuple[float, float, str]],
) -> list[tuple[float, float, str]]:
    """The first points whose titles do not touch each other."""
    taken: list[tuple[float, float, float]] = []
    kept: list[tuple[float, float, str]] = []
    for x, y, whole in points:
        title = named(whole, LONGEST_LABEL)
        width = 0.0165 * len(title)  # half of it, about
        if abs(x) + width > 1.05 or any(
            abs(y - other_y) < 0.055 and abs(x - other_x) < width + other_width + 0.02
            for other_x, other_y, other_width in taken
        ):
            continue
        taken.append((x, y, width))
        kept.append((x, y, title))
        if len(kept) == LABELS:
            break
    return kept
