"""The bench measures fairly, and writes what it found."""

from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from subprocess import CalledProcessError

import pytest

from bench.alternating import Series, alternate, seconds
from bench.machine import Machine, describe_machine
from bench.memory import run_watched
from bench.setup import Setup
from bench.tables import Measurement, Table, keep


def test_trials_take_turns_and_go_in_the_opposite_order_every_other_round() -> None:
    clock = count()
    measured = alternate({name: lambda: float(next(clock)) for name in "ab"}, 3)
    assert measured == {"a": Series((0, 3, 4)), "b": Series((1, 2, 5))}


def test_a_series_is_quoted_by_its_median_and_range() -> None:
    series = Series((3, 10, 1, 2))
    assert series.median == 2.5
    assert series.spread == (1, 10)
    with pytest.raises(ValueError, match="measure at least one round"):
        Series(())


def test_work_is_done_once_a_trial_and_takes_some_time() -> None:
    done: list[int] = []
    trial = seconds(lambda: done.append(sum(range(1000))))
    assert trial() > 0
    assert len(done) == 1


def test_peak_memory_is_that_of_a_process_and_its_children_together() -> None:
    # Again and again, so that it lasts; what a process does in its last moments goes unseen.
    child = "[len(b'x' * 100_000_000) for _ in range(9)]"
    parent = (
        f"import subprocess, sys; x = b'x' * 200_000_000; "
        f'subprocess.run([sys.executable, "-c", "{child}"], check=True)'
    )
    _, nothing = run_watched("-c", "import subprocess")
    _, alone = run_watched("-c", child)
    _, both = run_watched("-c", parent)
    assert 90_000_000 < alone - nothing < 130_000_000
    assert 290_000_000 < both - nothing < 350_000_000


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(CalledProcessError):
        run_watched("-c", "raise SystemExit(3)")


@pytest.mark.parametrize("rounds", [0, -1])
def test_at_least_one_round_is_measured(rounds: int) -> None:
    with pytest.raises(ValueError, match=f"rounds is {rounds}; legal is 1 or more"):
        Setup(Path("data"), rounds)


def measurement(title: str, machine: Machine) -> Measurement:
    return Measurement(
        table=Table(
            title=title,
            columns=("", "ratings/s"),
            rows=(("fit", "1,400"), ("ours", "1,400,001")),
            notes=("Target: 1,000 times.",),
            figures={"fit": (1399, 1401), "ours": (1_400_001,)},
        ),
        command="python -m bench",
        began=datetime(2026, 3, 1, 12, 30, tzinfo=UTC),
        seconds=61.4,
        load=0.25,
        machine=machine,
    )


def test_what_was_measured_is_kept_and_shown_by_machine(tmp_path: Path) -> None:
    here = describe_machine()
    there = here.model_copy(update={"processor": "Abacus"})
    keep(measurement("Slow", there), "slow", tmp_path)
    keep(measurement("Old", here), "fast", tmp_path)
    keep(measurement("Fast", here), "fast", tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"README.md", "fast.json", "slow.json"}
    page = (tmp_path / "README.md").read_text("utf-8")
    headings = [line for line in page.splitlines() if line.startswith("#")]
    assert headings == ["# What was measured", f"## {here}", "### Fast", f"## {there}", "### Slow"]
    assert (
        "### Fast\n\n"
        "|  | ratings/s |\n| --- | ---: |\n| fit | 1,400 |\n| ours | 1,400,001 |\n\n"
        "- Target: 1,000 times.\n\n"
        "`python -m bench`, 2026-03-01 12:30 UTC, in 61 s; load before 0.2\n"
    ) in page


def test_the_machine_is_described_with_its_libraries() -> None:
    machine = describe_machine()
    assert machine.core_count >= 1
    assert machine.memory_gb > 0
    assert {"Python", "keras", "numpy", "pandas"} < set(machine.versions)
