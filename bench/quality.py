"""Measures how good the model is, over several splits: `python -m bench.quality FOLDER`.

Prints a table and adds a line of JSON for each split to the results, so that a
table can be drawn again, or a plot, without fitting again.
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
    options = parser.parse_args()
    os.environ |= {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"}
    print("| settings | NDCG@100, whole list | / EASE | one seed | / EASE | RMSE |")
    print("|---|---|---|---|---|---|")
    for settings in _combinations(options.set):
        figures = []
        for fold in range(options.folds):
            figures.append(_measure(options, settings, fold))
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
        print(_row(settings, figures), flush=True)


def _combinations(pairs: list[str]) -> Iterator[dict[str, Any]]:
    """Each combination of the values that were given."""
    if not pairs:
        yield {}
        return
    name, values = pairs[0].split("=", 1)
    for value in values.split(","):
        for others in _combinations(pairs[1:]):
            yield {name: json.loads(value)} | others


def _measure(options: argparse.Namespace, told: dict[str, Any], fold: int) -> dict[str, Any]:
    """The figures of one split, by name."""
    # After the environment is set up.
    from trainer_service.data import read_dataset  # noqa: PLC0415
    from trainer_service.model.fitting import fit  # noqa: PLC0415
    from trainer_service.model.settings import TrainingSettings  # noqa: PLC0415
    from trainer_service.model.split import split_ratings  # noqa: PLC0415

    settings = TrainingSettings(min_ratings=options.min_ratings, **told)
    dataset = read_dataset(options.folder, max_bad_row_share=0.25)
    ratings = dataset.over_threshold(settings.min_ratings).ratings
    split = split_ratings(ratings, settings.holdout, fold=fold)
    full = settings.for_data(user_count=split.train_user_count, movie_count=split.train.movie_count)
    with tempfile.TemporaryDirectory() as checkpoints:
        fitted = fit(split, full, Path(checkpoints), lambda _: None)
    if options.on == "validation":
        split = replace(split, validation=split.test, test=split.validation)
    metrics = fitted.measured(split, ease_up_to=100_000)
    return metrics.model_dump(mode="json")


def _row(settings: dict[str, Any], figures: list[dict[str, Any]]) -> str:
    """A line of the table: means over the splits, and the standard error of each mean."""

    def over_splits(values: list[float]) -> str:
        error = stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0
        return f"{mean(values):.3f} ± {error:.3f}"

    cells = [", ".join(f"{name} {value}" for name, value in settings.items()) or "defaults"]
    for kind in ("", "one_seed"):
        own = [figure[kind or "ranking"]["ndcg_at_100"] for figure in figures]
        ease = [figure["_".join(filter(None, (kind, "ease")))]["ndcg_at_100"] for figure in figures]
        cells += [over_splits(own), over_splits([a / b for a, b in zip(own, ease, strict=True)])]
    cells.append(over_splits([figure["rmse"] for figure in figures]))
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
