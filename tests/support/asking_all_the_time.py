"""Asks the recommender all the time, until standard input ends; runs in the client's image.

Prints a line once the first answer is there, and at the end one of JSON: how many calls were
answered, from which versions, in order, and which errors there were.
"""

import json
import sys
import threading

from movierec_client import Client, MovierecError

THREADS = 4

is_over = threading.Event()
was_answered = threading.Event()
answered = [0] * THREADS
versions: list[int] = []
errors: list[str] = []
lock = threading.Lock()


def ask(client: Client, thread: int) -> None:
    """Asks until it is over."""
    while not is_over.is_set():
        try:
            answer = client.recommend([1], k=10)
            ranks = [movie.rank for movie in answer]
            assert ranks == list(range(1, 11)), ranks  # what is asked here
        except (AssertionError, MovierecError) as error:
            errors.append(repr(error))
            continue
        with lock:
            if answer.header.model_version not in versions:
                versions.append(answer.header.model_version)
        answered[thread] += 1
        was_answered.set()


with Client() as client:
    threads = [threading.Thread(target=ask, args=(client, number)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    was_answered.wait()
    print("answered", flush=True)  # noqa: T201  # that is what it is for
    sys.stdin.read()
    is_over.set()
    for thread in threads:
        thread.join()
print(json.dumps({"calls": sum(answered), "versions": versions, "errors": errors}))  # noqa: T201
