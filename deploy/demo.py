"""The main job, end to end, as `make demo` runs it.

Starts both services as processes of their own, trains, waits until the
recommender serves the new version, asks it for films, and stops everything
again. What a user would type is shown, and run as shown.
"""

import argparse
import csv
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

STOP_DEADLINE_S = 60.0
FAVOURITE = "Toy Story (1995)"


def main() -> None:
    """Runs the demonstration; ends with status 0 only if all of it happened."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, help="a folder of MovieLens files (default: a sample)")
    parser.add_argument("--min-ratings", type=int, default=50, metavar="N")
    options = parser.parse_args()
    # Whoever stops the demonstration, by Ctrl-C or otherwise, stops the services too.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.default_int_handler)
    try:
        demonstrate(options.data, options.min_ratings)
    except KeyboardInterrupt:
        sys.exit("\ninterrupted; both services are stopped")


def demonstrate(data: Path | None, min_ratings: int) -> None:
    """The demonstration itself.

    Args:
        data: A folder of MovieLens files, or None for the sample.
        min_ratings: The threshold to train with.
    """
    began = time.monotonic()
    with ExitStack() as stack:
        work = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="movierec-demo-")))
        if data is None:
            data = work / "data" / "sample"
            run("sample", str(data))
        elif not data.is_dir():
            sys.exit(f"{data}: there is no such folder; give one with MovieLens files")
        data = data.resolve()
        artifacts = work / "artifacts"
        say("start the recommender (nothing to serve yet) and the trainer")
        recommender = stack.enter_context(service("recommender", "--artifacts-dir", str(artifacts)))
        trainer = stack.enter_context(
            service("trainer", "--data-dir", str(data.parent), "--artifacts-dir", str(artifacts))
        )
        services = ("--trainer", trainer, "--recommender", recommender)
        run("train", data.name, "--min-ratings", str(min_ratings), "--wait", *services)

        version = newest_version(artifacts)
        first, second = two_films(artifacts / "versions" / str(version) / "movies.csv")
        run("recommend", first, "--recommender", recommender)
        run("recommend", first, second, "--recommender", recommender)
        say("stop both services")
    say(f"done in {time.monotonic() - began:.0f} s")


def say(sentence: str) -> None:
    """Prints what comes next, so that it stands out from what is printed by others."""
    print(f"\n\033[1m==> {sentence}\033[0m" if sys.stdout.isatty() else f"\n==> {sentence}")
    sys.stdout.flush()


def run(*arguments: str) -> None:
    """Shows a `movierec` command and runs it; its failure is the demonstration's."""
    say(shlex.join(("movierec", *arguments)))
    status = subprocess.run(
        [sys.executable, "-m", "movierec_client", *arguments], check=False
    ).returncode
    if status:
        sys.exit(f"the command ended with status {status}")


@contextmanager
def service(name: str, *flags: str) -> Iterator[str]:
    """Runs a service in a process of its own, on a free port.

    Yields:
        Its address.
    """
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", f"{name}_service"),
            *("--listen", "127.0.0.1:0", "--log-level", "warning", *flags),
        ],
        stdout=subprocess.PIPE,
        text=True,
        # Ctrl-C reaches the demonstration alone, which then stops the services in order.
        start_new_session=True,
    )
    try:
        assert process.stdout  # noqa: S101  # asked for above
        line = process.stdout.readline()
        listening = re.fullmatch(rf"{name} listening on (\S+)\n", line)
        if not listening:
            sys.exit(f"the {name} did not start")
        print(f"    {line}", end="", flush=True)
        yield listening[1]
    finally:
        process.terminate()
        try:
            status = process.wait(STOP_DEADLINE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            sys.exit(f"the {name} did not stop within {STOP_DEADLINE_S:.0f} s")
        print(f"    {name} stopped with status {status}", flush=True)
        if status:
            sys.exit(f"the {name} ended with status {status}")


def newest_version(artifacts: Path) -> int:
    """The number of the version that was just published."""
    names = [path.name for path in (artifacts / "versions").iterdir()]
    return max(int(name) for name in names if name.isdigit())


def two_films(movies: Path) -> tuple[str, str]:
    """Toy Story, if the version has it, and the most rated films."""
    with movies.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: -int(row["rating_count"]))
    titles = [row["title"] for row in rows]
    ranked = sorted(titles, key=lambda title: title != FAVOURITE)
    return ranked[0], ranked[1]


if __name__ == "__main__":
    main()
