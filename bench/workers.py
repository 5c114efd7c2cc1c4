"""One process and two that answer on one port: replies a second, and what the second one takes."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import psutil

from bench.alternating import Series, alternate
from bench.h2load import CLIENTS, STREAMS, load
from bench.load import published
from bench.serving import (
    BARE,
    MOVIE_COUNT,
    ONE_SEED,
    RECOMMEND,
    SECONDS,
    answer_of,
    checked,
    running_bare,
    running_recommender,
)
from bench.setup import DEFAULTS, Setup
from bench.tables import Table, in_megabytes, in_rates

CORES = 2
"""That the targets are for: of the machine, and of the workers."""

SMALL_DIM = 64
"""Dimensions at which the second worker's memory is measured."""

WAYS = {"worker": (), "worker, never asked before": ("--remembered-mb", "0")}

_Served = Mapping[int, tuple[str, Sequence[psutil.Process]]]
"""By how many processes, where they listen, and which they are."""


@dataclass(frozen=True, slots=True)
class _Answered:
    """What came of a load.

    Args:
        rate: Replies a second.
        generator_cores: What h2load took of the machine.
        server_cores: What all workers took together.
    """

    rate: float
    generator_cores: float
    server_cores: float

    @property
    def alone(self) -> float:
        """What the rate were if all cores were left to the workers."""
        return self.rate * CORES / (CORES - self.generator_cores)

    @property
    def rate_per_core(self) -> float:
        """Replies to a second of the workers' processor time."""
        return self.rate / self.server_cores


def measure(setup: Setup) -> Table:
    """Replies a second of one and of two workers, and the memory of the second."""
    rows: list[tuple[str, ...]] = []
    figures: dict[str, tuple[float, ...]] = {}
    for way, found in _found(setup):
        one = Series(tuple(answered.rate for answered in found[1]))
        for count, all_answered in found.items():
            rates = Series(tuple(answered.rate for answered in all_answered))
            alone = Series(tuple(answered.alone for answered in all_answered))
            name = f"{'one' if count == 1 else 'two'} x {way}"
            rows.append(
                (
                    name,
                    *in_rates(rates),
                    f"{_median(all_answered, 'generator_cores'):.2f}",
                    f"{_median(all_answered, 'server_cores'):.2f}",
                    f"{_median(all_answered, 'rate_per_core'):,.0f}",
                    f"{rates.median / one.median:.2f}",
                    f"{alone.median / one.median:.2f}" if count == CORES else "",
                )
            )
            for what in ("rate", "generator_cores", "server_cores"):
                values = (getattr(answered, what) for answered in all_answered)
                figures[f"{name}, {what}"] = tuple(values)
    rows_of_memory, figures_of_memory = _memory(setup)
    return Table(
        title="Two workers on one port",
        columns=(
            *("", "replies/s", "range", "cores of h2load", "cores of the workers"),
            *("replies/s a core", "/ one", "/ one, without h2load"),
        ),
        rows=(*rows, *rows_of_memory),
        notes=(
            (
                "Target: two workers at least 1.7 times one, with the share of h2load accounted "
                "for; at most 60 MB for the second."
            ),
            (
                f"One seed, k = 10, {MOVIE_COUNT:,} movies in {DEFAULTS.dim} dimensions. h2load "
                f"with {CLIENTS} connections and {STREAMS} streams on each for {SECONDS} s a "
                f"round, on the same two cores, without anything pinned. In the rows `never` each "
                f"call is worked out (`--remembered-mb 0`). A bare server sends the same bytes and "
                f"knows nothing: two of them show what can be had."
            ),
            (
                "The cores of h2load and of the workers are seconds of processor time over those "
                "that went by, warm-up included. One worker leaves h2load a core of its own; two "
                "would have two cores and have to share them with it. `Without h2load` is the rate "
                "of two, times 2 / (2 - cores of h2load), over that of one as it is: what is lost "
                "by waiting or by what else runs on the machine counts against the two."
            ),
            (
                f"Memory: {MOVIE_COUNT:,} movies in {SMALL_DIM} dimensions, after a load of "
                f"{SECONDS} s at default settings. What the second adds is the sum of the "
                f"proportional shares of two workers (a page that n processes have counts 1/n in "
                f"each) less that of a single one. The answers that are remembered come on top, in "
                f"each worker, up to 8 MB."
            ),
        ),
        figures=figures | figures_of_memory,
    )


def _found(setup: Setup) -> Iterator[tuple[str, dict[int, list[_Answered]]]]:
    """What answers, and what came of the rounds, by the number of processes."""
    artifacts = published(setup.data, MOVIE_COUNT, DEFAULTS.dim).parent.parent
    for way, arguments in WAYS.items():
        with ExitStack() as stack:
            served = {
                count: _workers(
                    *stack.enter_context(
                        running_recommender(artifacts, ("--workers", str(count), *arguments))
                    )
                )
                for count in (1, CORES)
            }
            answer = answer_of(served[1][0], ONE_SEED)
            yield way, _compare(setup, served, RECOMMEND)
    with ExitStack() as stack:
        yield "bare server", _compare(setup, _bare_servers(stack, answer), BARE)


def _bare_servers(stack: ExitStack, answer: bytes) -> _Served:
    served = {}
    for count in (1, CORES):
        address, pid = stack.enter_context(running_bare(answer))
        more = (stack.enter_context(running_bare(answer, address))[1] for _ in range(1, count))
        served[count] = (address, [psutil.Process(its) for its in (pid, *more)])
    return served


def _compare(setup: Setup, served: _Served, path: str) -> dict[int, list[_Answered]]:
    """What came of the rounds, by the number of processes, which take turns."""
    found: dict[int, list[_Answered]] = {count: [] for count in served}

    def once(count: int) -> float:
        found[count].append(_load(*served[count], path))
        return found[count][-1].rate

    alternate({str(count): partial(once, count) for count in found}, setup.rounds)
    return found


def _load(address: str, workers: Sequence[psutil.Process], path: str = RECOMMEND) -> _Answered:
    before = _processor_s(workers)
    answered = checked(load(address, path, ONE_SEED.SerializeToString(), seconds=SECONDS))
    return _Answered(
        rate=answered.replies_per_s,
        generator_cores=answered.processor_s / answered.took_s,
        server_cores=(_processor_s(workers) - before) / answered.took_s,
    )


def _memory(setup: Setup) -> tuple[list[tuple[str, ...]], dict[str, tuple[float, ...]]]:
    """What a worker takes, and what a second one adds."""
    artifacts = published(setup.data, MOVIE_COUNT, SMALL_DIM).parent.parent
    shares: dict[int, float] = {}
    for count in (1, CORES):
        with running_recommender(artifacts, ("--workers", str(count))) as started:
            address, workers = _workers(*started)
            _load(address, workers)
            shares[count] = sum(worker.memory_full_info().pss for worker in workers)
    figures = {"memory of one worker": shares[1], "memory of the second": shares[CORES] - shares[1]}
    rows = [(name, in_megabytes(size), *[""] * 6) for name, size in figures.items()]
    return rows, {f"{name}, bytes": (size,) for name, size in figures.items()}


def _workers(address: str, pid: int) -> tuple[str, list[psutil.Process]]:
    first = psutil.Process(pid)
    return address, [first, *first.children()]


def _processor_s(processes: Sequence[psutil.Process]) -> float:
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _median(found: Sequence[_Answered], what: str) -> float:
    return Series(tuple(getattr(answered, what) for answered in found)).median
