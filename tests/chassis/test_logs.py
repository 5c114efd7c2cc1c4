"""How log lines look, and that nobody waits for them."""

import asyncio
import json
import logging
import os
import threading

import grpc
import pytest

from movierec.chassis.call import Call, Method, MethodKind
from movierec.chassis.call_log import CallLog
from movierec.chassis.log_writer import MOST_LINES, LogWriter
from movierec.chassis.logs import LineHandler, LogFormat, timestamp
from movierec.chassis.observing import CallObserver
from support.probes import call_probe

HIDDEN = "not-to-be-seen"
RECOMMEND = Method("movierec.v1.RecommenderService/Recommend", MethodKind.SERVER_STREAM)


def a_call() -> Call:
    call = Call(RECOMMEND, [("authorization", HIDDEN)])
    call.code, call.reason = grpc.StatusCode.NOT_FOUND, "UNKNOWN_SEEDS"
    call.request_id, call.peer, call.version, call.sent = "r-1", "ipv6:%5B::1%5D:50051", 3, 2
    call.ended_at, call.duration_s, call.trace_id = 1_700_000_000.25, 0.0123456, "0af7"
    return call


def lines_of(call: Call, form: LogFormat, capfd: pytest.CaptureFixture[str]) -> str:
    """What is printed of a call."""
    handler = LineHandler(form)
    CallLog(handler).ended(call)
    handler.close()
    return capfd.readouterr().err


def test_a_line_of_a_call_says_what_became_of_it(capfd: pytest.CaptureFixture[str]) -> None:
    assert json.loads(lines_of(a_call(), "json", capfd)) == {
        "timestamp": "2023-11-14T22:13:20.250Z",
        "level": "info",
        "logger": "movierec.calls",
        "event": "call",
        "method": "movierec.v1.RecommenderService/Recommend",
        "code": "NOT_FOUND",
        "duration_ms": 12.346,
        "messages": 2,
        "version": 3,
        "reason": "UNKNOWN_SEEDS",
        "request_id": "r-1",
        "peer": "::1",
        "trace_id": "0af7",
    }


def test_people_get_the_same_in_another_form(capfd: pytest.CaptureFixture[str]) -> None:
    line = lines_of(a_call(), "console", capfd)
    for part in ("2023-11-14T22:13:20.250Z", "info", "NOT_FOUND", "UNKNOWN_SEEDS", "r-1", "12.346"):
        assert part in line


@pytest.mark.parametrize("form", ["json", "console"])
def test_metadata_is_not_logged(form: LogFormat, capfd: pytest.CaptureFixture[str]) -> None:
    assert HIDDEN not in lines_of(a_call(), form, capfd)


def test_calls_that_every_server_has_are_logged_for_who_debugs_only(
    capfd: pytest.CaptureFixture[str],
) -> None:
    check = Call(Method("grpc.health.v1.Health/Check", MethodKind.UNARY, is_ours=False), ())
    check.code = grpc.StatusCode.OK
    log = logging.getLogger("movierec.calls")
    try:
        log.setLevel(logging.INFO)
        assert lines_of(check, "json", capfd) == ""
        log.setLevel(logging.DEBUG)
        assert json.loads(lines_of(check, "json", capfd))["level"] == "debug"
    finally:
        log.setLevel(logging.NOTSET)


@pytest.mark.parametrize("form", ["json", "console"])
def test_an_error_is_logged_with_its_traceback_and_without_what_variables_held(
    form: LogFormat, capfd: pytest.CaptureFixture[str]
) -> None:
    handler = LineHandler(form)
    log = logging.getLogger("a.logger")
    log.addHandler(handler)
    log.propagate = False

    def fails(password: str) -> None:
        raise ValueError(len(password))

    try:
        fails(HIDDEN)
    except ValueError:
        log.exception("it failed with %s", "ümlaut\n")
    log.removeHandler(handler)
    handler.close()
    said = capfd.readouterr().err
    for part in ("Traceback", "in fails", "ValueError: 14", "a.logger"):
        assert part in said
    assert HIDDEN not in said
    if form == "json":
        (line,) = said.splitlines()
        assert json.loads(line)["event"] == "it failed with ümlaut\n"


def test_what_is_logged_in_a_call_bears_its_request_id(capfd: pytest.CaptureFixture[str]) -> None:
    handler = LineHandler("json")
    log = logging.getLogger("movierec.chassis.boundary")
    log.addHandler(handler)
    asyncio.run(call_probe(CallObserver(), "Break", (("x-request-id", "mine"),)))
    log.removeHandler(handler)
    handler.close()
    # gRPC's core has lines of its own, of the client that is in this process, too.
    (said,) = [one for one in capfd.readouterr().err.splitlines() if one.startswith("{")]
    line = json.loads(said)
    assert (line["request_id"], line["method"]) == ("mine", "movierec.test.Probe/Break")
    assert (line["level"], line["event"]) == ("error", "unexpected error")
    assert "ValueError: a bug" in line["exception"]


def test_times_are_in_utc() -> None:
    assert timestamp(0) == "1970-01-01T00:00:00.000Z"


def lost(count: int) -> str:
    return f"{count} lost\n"


def test_lines_are_written_in_their_order() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing, lost)
    for number in range(100):
        writer.put(f"{number}\n" if number % 2 else lambda number=number: f"{number}\n")  # type: ignore[misc]
    writer.close()
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as file:
        assert file.read().split() == [str(number) for number in range(100)]


def test_nobody_waits_for_who_does_not_read_and_what_is_lost_is_counted() -> None:
    reading, writing = os.pipe()
    writer = LogWriter(writing, lost)
    line = f"{'x' * 99}\n"
    # Twice what it keeps, after what the pipe has room for.
    for _ in range(3 * MOST_LINES):
        writer.put(line)
    found: list[str] = []
    with os.fdopen(reading, encoding="utf-8") as file:
        reader = threading.Thread(target=lambda: found.extend(file))
        reader.start()
        writer.close()
        os.close(writing)
        reader.join()
    said = [int(one.split()[0]) for one in found if one != line]
    assert said
    assert sum(said) + len(found) - len(said) == 3 * MOST_LINES
