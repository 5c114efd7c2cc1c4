"""Measures how good the model is, over several splits: `python -m bench.quality FOLDER`.

Prints a table and adds a line of JSON for each split to the results; with `--plot`
draws from how many films each way of training answers well.
"""

import argparse
import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from pydantic import ValidationError

from bench.apart import ENVIRONMENT
from bench.frontier import Place, draw
from bench.splits import Splits
from movierec.chassis.errors import ServiceError
from movierec.chassis.legal import legal_values, shown, violations
from trainer_service.data import read_dataset
from trainer_service.model.settings import TrainingSettings

TOLD_OTHERWISE = {
    "min_ratings": "use --min-ratings",
    "ease_up_to": "EASE is always measured",
}
"""Settings that `--set` does not take, and why."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Measures what was asked for.

    Args:
        arguments: Of the command; by default, those that the process was started with.
    """
    parser = argparse.ArgumentParser(prog="python -m bench.quality", description=__doc__)
    parser.add_argument("folder", type=Path, help="a folder of MovieLens files")
    parser.add_argument("--min-ratings", type=_min_ratings, default=0)
    parser.add_argument("--folds", type=_folds, default=5, help="splits, from the first on (5)")
    parser.add_argument(
        *("--set", "-s"),
        type=_values,
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
    options = parser.parse_args(arguments)
    os.environ |= ENVIRONMENT
    try:
        places = _measure_all(options)
    except ServiceError as error:
        parser.exit(1, f"{parser.prog}: error: {error.message}\n")
    if options.plot:
        over = f", movies over {options.min_ratings:,} ratings" if options.min_ratings else ""
        splits = f"{options.folds} splits of {options.folder.name}{over}, {options.on} users"
        draw(places, splits, options.plot)


def _measure_all(options: argparse.Namespace) -> list[Place]:
    """Prints the table, adds to the results, and says where each way of training stands."""
    dataset = read_dataset(options.folder, max_bad_row_share=0.25)
    splits = Splits(dataset.over_threshold(options.min_ratings).ratings, options.on)
    print("| settings | NDCG@100, whole list | / EASE | one seed | / EASE | RMSE |")
    print("|---|---|---|---|---|---|")
    places = []
    for told in _combinations(options.set):
        settings = TrainingSettings(min_ratings=options.min_ratings, **told)
        figures = []
        for fold in range(options.folds):
            figures.append(splits.measure(settings, fold))
            options.results.parent.mkdir(parents=True, exist_ok=True)
            with options.results.open("a", encoding="utf-8") as file:
                line = dict(
                    data=options.folder.name,
                    min_ratings=options.min_ratings,
                    on=options.on,
                    settings=told,
                    fold=fold,
                )
                file.write(f"{json.dumps(line | figures[-1])}\n")
        name = ", ".join(f"{name} {value}" for name, value in told.items()) or "defaults"
        places.append(_place(name, figures))
        print(_row(places[-1], figures), flush=True)
    return places


def _combinations(settings: list[tuple[str, list[Any]]]) -> Iterator[dict[str, Any]]:
    """Each combination of the values that were given."""
    if not settings:
        yield {}
        return
    name, values = settings[0]
    for value in values:
        for others in _combinations(settings[1:]):
            yield {name: value} | others


def _values(pair: str) -> tuple[str, list[Any]]:
    """A setting's name and values, from NAME=VALUE,VALUE."""
    name, _, values = pair.partition("=")
    if name in TOLD_OTHERWISE:
        raise argparse.ArgumentTypeError(f"{name} is not taken here: {TOLD_OTHERWISE[name]}")
    if name not in TrainingSettings.model_fields:
        settable = (known for known in TrainingSettings.model_fields if known not in TOLD_OTHERWISE)
        raise argparse.ArgumentTypeError(
            f"there is no setting {shown(name)}; there are {', '.join(settable)}"
        )
    return name, [_value(name, text) for text in values.split(",")]


def _value(name: str, text: str) -> Any:
    """A setting's value, if it is legal."""
    legal = legal_values(TrainingSettings, name)
    try:
        value = json.loads(text)
        TrainingSettings.model_validate({name: value})
    except ValidationError as error:
        [found] = violations(error, TrainingSettings)
        raise argparse.ArgumentTypeError(f"{name} {found.description}") from None
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{name} {shown(text)} is not legal; legal is {legal}, as in {name}=VALUE"
        ) from None
    if name == "holdout" and not value:
        raise argparse.ArgumentTypeError(
            f"holdout {text} is not legal here; legal is {legal}, but above 0: figures are "
            f"those of users who were held out"
        )
    return value


def _min_ratings(text: str) -> int:
    return int(_value("min_ratings", text))


def _folds(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(
            f"{shown(text)} is not legal; legal is a whole number from 1, such as 5"
        )
    return int(text)


def _place(name: str, figures: list[dict[str, Any]]) -> Place:
    """Where a way of training stands against EASE."""
    whole, one = (_over_ease(figures, kind) for kind in ("", "one_seed"))
    return Place(name, mean(whole), mean(one), _error(whole), _error(one))


def _row(place: Place, figures: list[dict[str, Any]]) -> str:
    """A line of the table: means over the splits, and, of several, each mean's standard error."""

    def with_error(value: float, error: float) -> str:
        return f"{value:.3f} ± {error:.3f}" if len(figures) > 1 else f"{value:.3f}"

    whole, one = (
        [figure[kind]["ndcg_at_100"] for figure in figures] for kind in ("ranking", "one_seed")
    )
    cells = (
        place.name,
        f"{mean(whole):.3f}",
        with_error(place.whole, place.whole_error),
        f"{mean(one):.3f}",
        with_error(place.one, place.one_error),
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
    """The standard error of a mean over splits; 0 where one split cannot tell."""
    return stdev(values) / len(values) ** 0.5 if len(values) > 1 else 0.0


if __name__ == "__main__":
    main()
