"""A process ends with the status that it means, whatever its threads are doing."""

import subprocess
import sys

import pytest

SCRIPT = """
import logging, sys, threading
from rapidfuzz import fuzz, process
from movierec.chassis.ending import end_process
from movierec.chassis.logs import set_up_logs

set_up_logs("info", "text")
begun = threading.Event()
names = ["abcdef ghijkl"] * 5_000

def compare():
    while True:
        process.cdist(["abc"], names, scorer=fuzz.ratio)
        begun.set()

for _ in range(2):
    threading.Thread(target=compare, daemon=True).start()
begun.wait()
print("printed")
logging.getLogger("test").info("logged")
end_process({status})
"""


@pytest.mark.parametrize("status", [0, 3])
def test_threads_in_the_middle_of_cpp_change_nothing_of_how_a_process_ends(status: int) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("{status}", str(status))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == status, ended.stderr
    assert ended.stdout == "printed\n"
    assert " logged " in ended.stderr
