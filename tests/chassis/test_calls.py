"""Calls, as they are counted and known by an id."""

import asyncio
import gc
import logging
import weakref

import grpc
import pytest

from movierec.chassis.call import request_id_of
from movierec.chassis.call_metrics import BOUNDS_S, CallMetrics, Durations
from movierec.chassis.errors import ServiceError
from movierec.chassis.observing import CallObserver
from support.probes import SERVICE, call_probe


def samples(metrics: CallMetrics) -> dict[tuple[str, ...], float]:
    """All samples but buckets, by name and labels."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in metrics.collect()
        for sample in family.samples
        if not sample.name.endswith("bucket")
    }


@pytest.mark.parametrize(
    ("method", "code", "sent", "kind"),
    [
        ("Answer", grpc.StatusCode.OK, 2, "server_stream"),
        ("Last", grpc.StatusCode.OK, 2, "server_stream"),
        ("Refuse", grpc.StatusCode.NOT_FOUND, 0, "unary"),
        ("Break", grpc.StatusCode.INTERNAL, 0, "unary"),
    ],
)
def test_a_call_is_counted_with_its_status_and_its_messages(
    method: str, code: grpc.StatusCode, sent: int, kind: str
) -> None:
    metrics = CallMetrics()
    assert asyncio.run(call_probe(CallObserver(metrics=metrics), method)) is code
    found, name = samples(metrics), f"{SERVICE}/{method}"
    assert found["grpc_server_call_started_total", name] == 1
    assert found["grpc_server_call_duration_seconds_count", name, code.name] == 1
    assert 0 < found["grpc_server_call_duration_seconds_sum", name, code.name] < 60
    assert found["movierec_server_messages_sent_total", name] == sent
    assert found["movierec_server_calls_in_flight", name, kind] == 0


def test_a_call_is_in_flight_until_it_has_ended() -> None:
    metrics = CallMetrics()
    key = ("movierec_server_calls_in_flight", f"{SERVICE}/Answer", "server_stream")
    seen: list[float] = []
    asyncio.run(
        call_probe(
            CallObserver(metrics=metrics),
            "Answer",
            does=lambda: seen.append(samples(metrics)[key]),
        )
    )
    assert (seen, samples(metrics)[key]) == ([1], 0)


@pytest.mark.parametrize("error", [ServiceError, ValueError])
@pytest.mark.parametrize("method", ["Refuse", "Answer"])
def test_a_call_that_fails_leaves_nothing_of_what_it_had(
    method: str, error: type[Exception]
) -> None:
    class Large:
        """It is gone as soon as nothing leads to it, and not when Python looks for cycles."""

    had: list[weakref.ref[Large]] = []

    def fail() -> None:
        large = Large()
        had.append(weakref.ref(large))
        raise error("no")

    logging.disable()  # What catches logs in tests keeps the error.
    gc.disable()
    try:
        asyncio.run(call_probe(CallObserver(), method, does=fail))
        assert [reference() for reference in had] == [None]
    finally:
        gc.enable()
        logging.disable(logging.NOTSET)


def test_methods_that_there_are_not_are_counted_as_one() -> None:
    metrics = CallMetrics()
    observer = CallObserver(metrics=metrics)
    for name in ("No", "Nor", "Neither"):
        code = asyncio.run(call_probe(observer, name))
        assert code is grpc.StatusCode.UNIMPLEMENTED
    found = samples(metrics)
    assert found["grpc_server_call_duration_seconds_count", "other", "UNIMPLEMENTED"] == 3
    assert found["grpc_server_call_started_total", "other"] == 3
    assert {labels[0] for _, *labels in found} == {"other"}


def test_durations_are_counted_up_to_each_bound_and_the_bound_itself_belongs_to_it() -> None:
    durations = Durations((0.5, 1.0))
    for seconds in (0.25, 0.5, 0.75, 3.0):
        durations.add(seconds)
    assert durations.buckets() == ([("0.5", 2), ("1.0", 3), ("+Inf", 4)], 4.5)


def test_the_bounds_of_latency_are_those_that_grpc_has_agreed_on() -> None:
    assert list(BOUNDS_S) == sorted(BOUNDS_S)
    assert (len(BOUNDS_S), BOUNDS_S[0], BOUNDS_S[-1]) == (41, 0, 100)


@pytest.mark.parametrize("given", ["a", "7f3a-1", "A.b_c:d/e+f=g@h", "x" * 128])
def test_a_legal_request_id_is_kept(given: str) -> None:
    assert request_id_of([("user-agent", "me"), ("x-request-id", given)]) == given


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", 'a"b', "a\nb", "ä", "a\\", b"a"])
def test_an_illegal_request_id_is_replaced(given: str | bytes) -> None:
    made = request_id_of([("x-request-id", given)])
    assert made != given
    assert request_id_of([("x-request-id", made)]) == made


def test_request_ids_that_are_made_are_not_made_twice() -> None:
    assert len({request_id_of(()) for _ in range(100)}) == 100
