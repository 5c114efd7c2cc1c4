"""The pictures of a data set."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from trainer_service.insights.dataset_numbers import (
    CoOccurrence,
    DatasetNumbers,
    Genre,
    OverTime,
    RatingsPerMovie,
    RatingsPerUser,
    Year,
)
from trainer_service.insights.drawing import (
    BLUE,
    COUNTS,
    HEIGHT,
    MUTED,
    ORANGE,
    SHARES,
    SKY,
    VERMILION,
    WIDTH,
    Picture,
    counted,
    draw,
    named,
    rectangles,
    share,
)

LEAST_SHARE = 0.005
"""A smaller share has no square; it would be a speck."""

LEAST_MOVIES, FEW_YEARS = 3, 10
"""Release years with fewer movies have no mean drawn, unless there are few years at all."""

QUARTERLY_FROM = 96
"""Months from which time is drawn by quarters."""

LEAST_STARS, MOST_STARS = 0.5, 5.0
"""Where intervals end: no mean lies beyond."""


def stars(numbers: DatasetNumbers) -> Picture:
    """How many ratings have how many stars."""
    counts = np.array(numbers.star_counts)
    shares = counts / counts.sum()
    most = numbers.stars[int(counts.argmax())]

    def paint(axes: Axes) -> None:
        axes.bar(numbers.stars, shares, width=0.4, color=BLUE)
        axes.axvline(numbers.mean, color=VERMILION, linewidth=1.2)
        axes.text(
            *(numbers.mean - 0.08, shares.max() * 1.1, f"mean {numbers.mean:.2f}"),
            color=VERMILION,
            ha="right",
            va="center",
        )
        axes.set(xlabel="stars", ylabel="share of the ratings", xticks=range(1, 6))
        axes.set_ylim(0, shares.max() * 1.2)
        axes.yaxis.set_major_formatter(SHARES)
        axes.grid(visible=False, axis="x")

    alt = (
        f"Bars: the share of the ratings by stars, from 0.5 to 5. Most common are {most:g} stars "
        f"with {share(shares.max())}; the mean is {numbers.mean:.2f}."
    )
    return draw("dataset-stars", alt, paint)


def per_movie(found: RatingsPerMovie) -> Picture:
    """Ratings of each movie by its rank, and the threshold."""
    movie_count = found.ranks[-1]
    least, most = found.rating_counts[-1], found.rating_counts[0]

    def paint(axes: Axes) -> None:
        marker = "o" if len(found.ranks) < 3 else None
        axes.loglog(found.ranks, found.rating_counts, color=BLUE, marker=marker)
        lowest = min(least, found.min_ratings) or least
        low, high = max(0.7, lowest / 1.6), max(most * 1.8, found.min_ratings * 3.0)
        axes.set_ylim(low, high)
        axes.set_xlim(0.9, movie_count * 1.15)
        if found.min_ratings >= low:
            axes.axhline(found.min_ratings, color=VERMILION, linewidth=1.2, linestyle="--")
            axes.text(
                *(1, found.min_ratings * 1.1),
                f"more than {found.min_ratings:,}",
                color=VERMILION,
                ha="left",
                va="bottom",
            )
        if 0 < found.movies_above < movie_count:
            axes.axvspan(0.9, found.movies_above, color=SKY, alpha=0.18, linewidth=0)
        axes.set(xlabel="movies, the most rated first", ylabel="ratings")
        axes.xaxis.set_major_formatter(COUNTS)
        axes.yaxis.set_major_formatter(COUNTS)
        axes.minorticks_off()

    alt = (
        f"A falling curve on logarithmic axes: ratings of each of {movie_count:,} movies, from "
        f"{most:,} down to {least:,}. {found.movies_above:,} movies, "
        f"{share(found.movie_share_above)}, have more than {found.min_ratings:,} ratings; they "
        f"hold {share(found.rating_share_above)} of the ratings."
    )
    return draw("dataset-per-movie", alt, paint)


def per_user(found: RatingsPerUser) -> Picture:
    """How many users gave how many ratings."""

    def paint(axes: Axes) -> None:
        axes.stairs(found.user_counts, found.edges, fill=True, color=BLUE)
        axes.set_xscale("log")
        axes.axvline(found.median, color=VERMILION, linewidth=1.2)
        is_right = found.median > np.sqrt(found.edges[0] * found.edges[-1])
        axes.annotate(
            f"median {found.median:,.0f}",
            (found.median, 1),
            (-5 if is_right else 5, -2),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            color=VERMILION,
            ha="right" if is_right else "left",
            va="top",
        )
        axes.set_ylim(0, max(found.user_counts) * 1.18)
        axes.set(xlabel="ratings of a user", ylabel="users")
        if found.edges[-1] < 20 * found.edges[0]:  # decades would be one tick, or none
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True))
        axes.xaxis.set_major_formatter(COUNTS)
        _whole_counts(axes)
        axes.minorticks_off()
        axes.grid(visible=False, axis="x")

    alt = (
        f"A histogram on a logarithmic axis: users by how many ratings they gave, from "
        f"{found.edges[0]:,} to {found.most:,}. The median is {found.median:,.0f}, the mean "
        f"{found.mean:,.0f}."
    )
    return draw("dataset-per-user", alt, paint)


def movies_by_year(years: tuple[Year, ...]) -> Picture:
    """How many movies came out in which year."""
    counts = [year.movie_count for year in years]
    first, last = years[0].year, years[-1].year
    most = years[int(np.argmax(counts))]

    def paint(axes: Axes) -> None:
        _bars(axes, np.array([year.year for year in years]), np.array(counts, float), color=BLUE)
        axes.set(xlabel="release year", ylabel="movies")
        _whole_counts(axes)
        _whole_years(axes, first, last)
        axes.grid(visible=False, axis="x")

    alt = (
        f"Bars: rated movies by release year, from {first} to {last}. Most came out in "
        f"{most.year}: {most.movie_count:,}."
    )
    return draw("dataset-movies-by-year", alt, paint)


def ratings_by_year(years: tuple[Year, ...]) -> Picture | None:
    """The mean rating of each release year's movies, and how many ratings it is of.

    Returns:
        The picture; None if no year has so many movies that its mean is drawn.
    """
    first, last = years[0].year, years[-1].year
    at = np.arange(first, last + 1)
    means, reaches = np.full(at.size, np.nan), np.full(at.size, np.nan)
    sizes = np.zeros(at.size)
    for year in years:
        sizes[year.year - first] = year.rating_count
        # One movie says nothing of its year; where there is no mean the line is broken.
        if len(years) < FEW_YEARS or year.movie_count >= LEAST_MOVIES:
            means[year.year - first] = year.rating.value
            reaches[year.year - first] = year.rating.confidence or 0
    if np.isnan(means).all():
        return None

    low, high = (means - reaches).clip(LEAST_STARS), (means + reaches).clip(None, MOST_STARS)
    lone = _lone(means)

    def paint(axes: Axes) -> None:
        below = axes.twinx()
        _bars(below, at, sizes, color=SKY, alpha=0.45)
        below.set_ylabel("ratings (bars)", color=MUTED)
        below.set_ylim(0, sizes.max() * 2.4)
        below.yaxis.set_major_formatter(COUNTS)
        below.grid(visible=False)
        below.spines["right"].set_visible(True)
        axes.set_zorder(below.get_zorder() + 1)
        axes.patch.set_visible(False)
        axes.fill_between(at, low, high, color=ORANGE, alpha=0.35, linewidth=0)
        # A band between years that have none beside them would have no width.
        axes.vlines(at[lone], low[lone], high[lone], color=ORANGE, alpha=0.6, linewidth=2.5)
        axes.plot(
            at,
            means,
            color=BLUE,
            marker="o" if lone.any() else None,
            markersize=4,
        )
        axes.set(xlabel="release year", ylabel="mean stars (line)")
        axes.set_ylim(*_room(means, 0.35))
        _whole_years(axes, first, last)

    alt = (
        f"A line: mean stars of the movies of each release year from {first} to {last}, with a "
        f"band of 95 % confidence, over bars that say how many ratings it is of. The means lie "
        f"from {np.nanmin(means):.2f} to {np.nanmax(means):.2f}."
    )
    return draw("dataset-ratings-by-year", alt, paint)


def genre_sizes(genres: tuple[Genre, ...], movie_count: int, rating_count: int) -> Picture:
    """How many of all movies have which genre, and how many of all ratings those have."""
    names = [named(genre.genre) for genre in genres][::-1]
    rows = np.arange(len(names))
    movies = np.array([genre.movie_count for genre in genres][::-1]) / movie_count
    ratings = np.array([genre.rating_count for genre in genres][::-1]) / rating_count

    def paint(axes: Axes) -> None:
        zero, thick = np.zeros(rows.size), 0.19
        for shares, middle, colour, label in (
            (movies, rows + 0.2, BLUE, "of movies"),
            (ratings, rows - 0.2, ORANGE, "of ratings"),
        ):
            rectangles(
                axes, zero, shares, middle - thick, middle + thick, color=colour, label=label
            )
        axes.set_xlim(0, max(movies.max(), ratings.max()) * 1.05)
        axes.set_yticks(rows, names)
        axes.set_xlabel("share of all")
        axes.xaxis.set_major_formatter(SHARES)
        axes.set_ylim(-0.6, len(names) - 0.4)
        axes.legend(loc="lower center", ncols=2, bbox_to_anchor=(0.5, 1), borderaxespad=0.2)
        axes.grid(visible=False, axis="y")

    most = genres[0]
    alt = (
        f"Bars: the share of movies and of ratings by genre, for {len(genres)} genres. The most "
        f"common is {named(most.genre)}: {share(movies[-1])} of the movies, with "
        f"{share(ratings[-1])} of the ratings. A movie with several genres counts with each."
    )
    return draw("dataset-genres", alt, paint, height=_tall(len(names), 0.27))


def genre_ratings(genres: tuple[Genre, ...], mean: float) -> Picture:
    """The mean rating of each genre with its confidence interval."""
    ordered = sorted(genres, key=lambda genre: genre.rating.value or 0)
    rows = np.arange(len(ordered))
    means = [genre.rating.value or 0 for genre in ordered]
    reaches = [genre.rating.confidence or 0 for genre in ordered]
    below = [min(reach, mean - LEAST_STARS) for mean, reach in zip(means, reaches, strict=True)]
    above = [min(reach, MOST_STARS - mean) for mean, reach in zip(means, reaches, strict=True)]

    def paint(axes: Axes) -> None:
        axes.axvline(mean, color=MUTED, linewidth=1.0, linestyle="--")
        axes.errorbar(
            *(means, rows),
            xerr=(below, above),
            fmt="o",
            color=BLUE,
            ecolor=VERMILION,
            elinewidth=1.6,
            markersize=5,
        )
        axes.set_yticks(rows, [named(genre.genre) for genre in ordered])
        axes.set_xlabel("mean stars, with 95 % confidence")
        axes.set_ylim(-0.6, len(ordered) - 0.4)
        axes.text(mean, len(ordered) - 0.35, "all", color=MUTED, ha="center", va="bottom")

    best, worst = named(ordered[-1].genre), named(ordered[0].genre)
    alt = (
        f"Dots with intervals: mean stars by genre. Highest is {best} with {means[-1]:.2f}, "
        f"lowest {worst} with {means[0]:.2f}; of all ratings the mean is {mean:.2f}."
    )
    return draw("dataset-genre-ratings", alt, paint, height=_tall(len(ordered), 0.23))


def co_occurrence(found: CoOccurrence) -> Picture:
    """Of the movies of each genre, the share that also has another one."""
    counts = np.array(found.movie_counts, dtype=float)
    shares = counts / np.diag(counts)[:, np.newaxis]
    np.fill_diagonal(shares, np.nan)
    size, names = len(found.genres), [named(genre) for genre in found.genres]

    def paint(axes: Axes) -> None:
        rows, columns = np.nonzero(shares >= LEAST_SHARE)  # not where it is NaN
        half = 0.46 * np.sqrt(shares[rows, columns].clip(None, 1))
        rectangles(axes, columns - half, columns + half, rows - half, rows + half, color=BLUE)
        axes.set_xlim(-0.6, size - 0.4)
        axes.set_ylim(size - 0.4, -0.6)
        axes.set_aspect("equal")
        axes.set_xticks(range(size), names, rotation=90)
        axes.set_yticks(range(size), names)
        axes.set_xlabel("also have this genre")
        axes.set_ylabel("of the movies with this genre")
        axes.tick_params(length=0, labelsize=9)

    row, column = np.unravel_index(np.nanargmax(shares), shares.shape) if size > 1 else (0, 0)
    said = (
        f"The largest share: of the movies with {names[row]}, {share(shares[row, column])} "
        f"also have {names[column]}."
        if size > 1
        else ""
    )
    alt = (
        f"A table of squares for {size} genres: the larger the square, the more of the row's "
        f"movies also have the column's genre. {said}"
    ).strip()
    return draw("dataset-genre-pairs", alt, paint, height=_tall(size, 0.24, least=WIDTH))


def over_time(found: OverTime) -> Picture:
    """How many ratings were given in which month, and of how many stars."""
    seen = slice(*found.shown)
    names, of_month = found.months[seen], np.array(found.rating_counts[seen])
    months = 3 if len(names) >= QUARTERLY_FROM else 1
    starts = np.arange(0, len(names), months)
    first = int(names[0][:4]) + (int(names[0][5:]) - 1) / 12
    edges = first + np.append(starts, starts[-1] + months) / 12
    stars_of_month = of_month * np.array([mean or 0 for mean in found.means[seen]])
    counts = np.add.reduceat(of_month, starts)
    with np.errstate(invalid="ignore"):
        means = np.add.reduceat(stars_of_month, starts) / counts
    period = "quarter" if months == 3 else "month"

    def paint(axes: Axes) -> None:
        axes.stairs(counts, edges, fill=True, color=SKY, alpha=0.6, linewidth=0)
        axes.set_ylabel(f"ratings a {period} (area)")
        axes.set_ylim(0, counts.max() * 1.5)
        axes.yaxis.set_major_formatter(COUNTS)
        above = axes.twinx()
        at, marker = (edges[:-1] + edges[1:]) / 2, "o" if _lone(means).any() else None
        above.plot(at, means, color=VERMILION, marker=marker, markersize=4, linewidth=1.4)
        above.set_ylabel("mean stars (line)", color=VERMILION)
        above.set_ylim(0.5, 5)
        above.grid(visible=False)
        above.spines["right"].set_visible(True)
        if len(names) < 12:
            shown = range(0, len(names), max(1, len(names) // 4))
            axes.set_xticks(
                [first + (month + 0.5) / 12 for month in shown], [names[i] for i in shown]
            )
        else:
            axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=True, min_n_ticks=1))
        axes.grid(visible=False, axis="x")

    most = int(of_month.argmax())
    alt = (
        f"An area and a line: ratings a {period} from {names[0]} to {names[-1]}, "
        f"and their mean stars. The month with most, {counted(of_month[most])}, is "
        f"{names[most]}."
    )
    return draw("dataset-over-time", alt, paint)


def _whole_counts(axes: Axes) -> None:
    axes.yaxis.set_major_locator(MaxNLocator(nbins=7, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_formatter(COUNTS)


def _whole_years(axes: Axes, first: int, last: int) -> None:
    axes.set_xlim(first - 1, last + 1)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=True))


def _bars(axes: Axes, at: NDArray[np.int64], heights: NDArray[np.float64], **look: Any) -> None:
    """A bar a year."""
    rectangles(axes, at - 0.45, at + 0.45, np.zeros(at.size), heights, **look)
    axes.set_ylim(0, heights.max() * 1.05)


def _lone(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which values stand between two that are none, so that no line shows them."""
    there = np.pad(~np.isnan(values), 1)
    lone: NDArray[np.bool_] = there[1:-1] & ~there[:-2] & ~there[2:]
    return lone


def _room(values: NDArray[np.float64], least: float) -> tuple[float, float]:
    """Limits that leave some room around values."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    room = max(least, (high - low) * 0.25)
    return max(0.4, low - room), min(5.1, high + room)


def _tall(rows: int, each: float, least: float = 2.0) -> float:
    """Inches for so many rows."""
    return max(least, 0.9 + each * rows, HEIGHT if rows > 8 else 0)
