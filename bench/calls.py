"""Steady calls: so many a second from several clients, and how long each waits for its answer.

Run as `python -m bench.calls ADDRESS CLIENTS RATE SECONDS`: a process of its own,
which prints what it found as JSON.
"""

import asyncio
import json
import sys
import time
from typing import TypedDict

import grpc
import uvloop

from movierec.v1 import recommender_pb2 as pb
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub

DEADLINE_S = 30.0


class Called(TypedDict):
    """What is printed, as JSON: seconds."""

    waits_s: list[float]
    """From when each call was due to the end of its answer."""
    failed_count: int
    first_answers: dict[int, float]
    """When each version answered first, by the machine's own clock."""


async def call(address: str, client_count: int, rate: float, seconds: float) -> Called:
    """Calls for a while; each client has a channel and calls one after the other."""
    called = Called(waits_s=[], failed_count=0, first_answers={})
    start = time.monotonic()
    await asyncio.gather(
        *(
            _client(address, start + number / rate, client_count / rate, start + seconds, called)
            for number in range(client_count)
        )
    )
    return called


async def _client(address: str, due: float, interval_s: float, end: float, called: Called) -> None:
    request = pb.RecommendRequest(seeds=[pb.Seed(movie_id=1)])
    options = [("grpc.use_local_subchannel_pool", 1)]  # a connection of its own
    async with grpc.aio.insecure_channel(address, options) as channel:
        stub = RecommenderServiceStub(channel)
        await channel.channel_ready()
        while due < end:
            await asyncio.sleep(max(due - time.monotonic(), 0))
            try:
                async for answer in stub.Recommend(request, timeout=DEADLINE_S):
                    number = answer.header.model_version
                    called["first_answers"].setdefault(number, time.monotonic())
            except grpc.RpcError:
                called["failed_count"] += 1
            # From when it was due, so that a call that waits for one before it counts as well.
            called["waits_s"].append(time.monotonic() - due)
            due += interval_s


if __name__ == "__main__":
    to, clients, each_second, length_s = sys.argv[1:]
    found = uvloop.run(call(to, int(clients), float(each_second), float(length_s)))
    print(json.dumps(found))
