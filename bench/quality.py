"""Measures how good the model is, over several splits: `python -m bench.quality FOLDER`.

Prints a table and adds a line of JSON for each split to the results; with `--plot`
draws from how many films each way of training answers well.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from bench.apart import ENVIRONMENT
from bench.frontier import Place, draw
from trainer_service.data import Ratings, read_dataset


def main() -> None:
    """Measures what was asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of MovieLens files")
    parser.add_argument("--min-ratings", type=int, default=0)
    parser.add_argument("--folds", type=int, default=5, help="splits, from the first on (5)")
    parser.add_argument(
        *("--set", "-s"),
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="a training setting; several values by commas are measured one after the other",
    )
    parser.add_argument(
        "--on",
        choices=("test", "validation"),
        default="test",
        help="whose figures: settings are chosen by validation users, and reported for test users",
    )
    parser.add_argument("-o", "--results", type=Path, default=Path("bench/results/quality.jsonl"))
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a picture, such as x.svg")
    options = parser.parse_args()
    os.environ |= ENVIRONMENT
    dataset = read_dataset(options.folder, max_bad_row_share=0.25)
    ratings = dataset.over_threshold(options.min_ratings).ratings
    print("| settings | NDCG@100, whole list | / EASE | one seed | / EASE | RMSE |")
    print("|---|---|---|---|---|---|")
    places, baselines = [], dict[int, dict[str, Any]]()
    for settings in _combinations(options.set):
        figures = []
        for fold in range(options.folds):
            figures.append(_measure(options, ratings, settings, fold, baselines))
            options.results.parent.mkdir(parents=True, exist_ok=True)
            with options.results.open("a", encoding="utf-8") as file:
                told = dict(
                    data=options.folder.name,
                    min_ratings=options.min_ratings,
                    on=options.on,
                    settings=settings,
                    fold=fold,
                )
                file.write(f"{json.dumps(told | figures[-1])}\n")
        name = ", ".join(f"{name} {value}" for name, value in settings.items()) or "defaults"
        places.append(_place(name, figures))
        print(_row(places[-1], figures), flush=True)
    if options.plot:
        over = f", movies over {options.min_ratings:,} ratings" if options.min_ratings else ""
        splits = f"{options.folds} splits of {options.folder.name}{over}, {options.on} users"
        draw(places, splits, options.plot)


def _combinations(pairs: list[str]) -> Iterator[dict[str, Any]]:
    """Each combination of the values that were given."""
    if not pairs:
        yield {}
        return
    name, values = pairs[0].split("=", 1)
    for value in values.split(","):
        for others in _combinations(pairs[1:]):
            yield {name: json.loads(value)} | others


def _measure(
    options: argparse.Namespace,
    ratings: Ratings,
    told: dict[str, Any],
    fold: int,
    baselines: dict[int, dict[str, Any]],
) -> dict[str, Any]:
    """The figures of one split, by name; those of EASE are taken from `baselines`, or put there."""
    # After the environment is set up.
    from trainer_service.model.fitting import fit  # noqa: PLC0415
    from trainer_service.model.settings import TrainingSettings  # noqa: PLC0415
    from trainer_service.model.split import split_ratings  # noqa: PLC0415

    settings = TrainingSettings(min_ratings=options.min_ratings, **told)
    split = split_ratings(ratings, settings.holdout, fold=fold)
    full = settings.for_data(user_count=split.train_user_count, movie_count=split.train.movie_count)
    with tempfile.TemporaryDirectory() as checkpoints:
        fitted = fit(split, full, Path(checkpoints), lambda _: None)
    if options.on == "validation":
        split = replace(split, validation=split.test, test=split.validation)
    measured = fitted.measured(split, ease_up_to=0 if fold in baselines else 100_000)
    figures = measured.model_dump(mode="json")
    known = baselines.setdefault(fold, {name: figures[name] for name in figures if "ease" in name})
    return figures | known


def _place(name: str, figures: list[dict[str, Any]]) -> Place:
    """Where a way of training stands against EASE."""
    whole, one = (_over_ease(figures, kind) for kind in ("", "one_seed"))
    return Place(name, mean(whole), mean(one), _error(whole), _error(one))


def _row(place: Place, figures: list[dict[str, Any]]) -> str:
    """A line of the table: means over the splits, and the standard error of each mean."""
    whole, one = (
        [figure[kind]["ndcg_at_100"] for figure in figures] for kind in ("ranking", "one_seed")
    )
    cells = (
        place.name,
        f"{mean(whole):.3f}",
        f"{place.whole:.3f} ± {place.whole_error:.3f}",
        f"{mean(one):.3f}",
        f"{place.one:.3f} ± {place.one_error:.3f}",
        f"{mean(figure['rmse'] for figure in figures):.3f}",
    )
    return f"| {' | '.join(cells)} |"


def _over_ease(figures: list[dict[str, Any]], kind: str) -> list[float]:
    """NDCG@100 over EASE's, by split."""
    ease = "_".join(filter(None, (kind, "ease")))
    return [
        figure[kind or "ranking"]["ndcg_at_100"] / figure[ease]["ndcg_at_100"] for figure in figures
    ]


def _error(values: list[float]) -> float:
    """The standard error of a mean over splits."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
