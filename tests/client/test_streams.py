"""How streams end: well, badly, or because one leaves; with both clients."""

import asyncio
import gc

import pytest

import movierec_client as mc
from movierec.v1 import recommender_pb2, trainer_pb2
from support.client_drivers import Driver
from support.known_messages import event, followed
from support.scripted_servers import Script, ScriptedServer, never_ending

RUNNING = event(trainer_pb2.RUN_STATE_RUNNING)
PATIENCE_S = 10


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        ("FAILED", "run r1 failed: a worker was killed"),
        ("CANCELLED", "run r1 was cancelled"),
        ("INTERRUPTED", "run r1 was interrupted: the trainer takes it up again"),
        ("RUNNING", "run r1 was RUNNING when the stream ended"),
    ],
)
@pytest.mark.parametrize("method", ["train", "follow"])
def test_a_run_that_does_not_succeed_raises_after_its_last_event(
    driver: Driver, script: Script, method: str, state: str, sentence: str
) -> None:
    last = event(
        trainer_pb2.RunState.Value(f"RUN_STATE_{state}"),
        2,
        error=trainer_pb2.RunError(reason="WORKER_KILLED", message="a worker was killed")
        if state == "FAILED"
        else None,
    )
    script.on("Train", [RUNNING, last])
    script.on("FollowRun", followed(RUNNING, last))

    events, error = driver.items_and_error(lambda client: getattr(client, method)("r1"))

    assert [event.sequence for event in events] == [1, 2]
    assert isinstance(error, mc.RunFailedError)
    assert (error.run_id, error.state) == ("r1", state)
    assert error.reason == ("WORKER_KILLED" if state == "FAILED" else "")
    assert error.message.startswith(sentence)


def test_validation_alone_is_no_run_and_cannot_fail_as_one(driver: Driver, script: Script) -> None:
    script.on("Train", [trainer_pb2.TrainResponse()])

    (event,) = driver.items(lambda client: client.train("ml", validate_only=True))

    assert script.requests[0].validate_only
    assert event.run_id == ""


def test_following_after_the_last_event_of_a_run_ends_at_once(
    driver: Driver, script: Script
) -> None:
    script.on("FollowRun", [])

    assert driver.items(lambda client: client.follow("r1", after_sequence=9)) == []


def test_leaving_a_loop_early_cancels_the_call(driver: Driver, script: Script) -> None:
    script.on("Train", never_ending(RUNNING))

    gc.disable()  # The call is to end at once, not when Python next looks for circles.
    try:
        event = driver.leave_after_one(lambda client: client.train("ml"))
        assert script.ended.wait(PATIENCE_S)
    finally:
        gc.enable()
    assert event.state == "RUNNING"


def test_leaving_recommendations_early_cancels_the_call(driver: Driver, script: Script) -> None:
    chunk = recommender_pb2.RecommendResponse(
        recommendations=[recommender_pb2.Recommendation(rank=1)]
    )
    script.on("Recommend", never_ending(chunk))

    driver.leave_after_one(lambda client: client.recommend([1]))

    assert script.ended.wait(PATIENCE_S)


def test_closing_the_client_ends_its_streams_with_an_error_of_ours(
    driver: Driver, script: Script
) -> None:
    script.on("Train", never_ending(RUNNING))

    error = driver.close_while_waiting(lambda client: client.train("ml"))

    assert isinstance(error, mc.CallCancelledError)
    assert script.ended.wait(PATIENCE_S)


def test_a_stream_that_ended_badly_stays_ended(server: ScriptedServer) -> None:
    server.script.on("FollowRun", followed(event(trainer_pb2.RUN_STATE_CANCELLED)))
    with mc.Client(trainer=server.address) as client, client.follow("r1") as events:
        next(events)
        with pytest.raises(mc.RunFailedError):
            next(events)

        assert list(events) == []


def test_a_closed_stream_is_at_its_end(server: ScriptedServer) -> None:
    server.script.on("FollowRun", never_ending(*followed(RUNNING)))
    with mc.Client(trainer=server.address) as client:
        with client.follow("r1") as events:
            next(events)

        assert list(events) == []


def test_cancelling_the_task_passes_through_untouched_and_cancels_the_call(
    server: ScriptedServer,
) -> None:
    server.script.on("Train", never_ending(RUNNING))

    async def train_under_a_time_limit() -> None:
        async with mc.AsyncClient(trainer=server.address) as client:
            first = asyncio.Event()

            async def watch() -> None:
                async for _ in client.train("ml"):
                    first.set()

            task = asyncio.create_task(watch())
            await first.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            assert await asyncio.to_thread(server.script.ended.wait, PATIENCE_S)

    asyncio.run(train_under_a_time_limit())


def test_an_async_stream_that_outlives_its_loop_goes_quietly(server: ScriptedServer) -> None:
    server.script.on("Train", never_ending(RUNNING))

    async def start() -> mc.AsyncStream[mc.RunEvent]:
        client = mc.AsyncClient(trainer=server.address)
        stream = client.train("ml")
        await anext(stream)
        return stream

    stream = asyncio.run(start())
    del stream  # Warnings are errors here, those of finalizers too.
    gc.collect()
