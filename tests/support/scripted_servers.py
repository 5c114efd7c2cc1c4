"""Servers that answer what a test of the client tells them to."""

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import grpc
from google.protobuf.message import Message
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from movierec.v1 import recommender_pb2_grpc, trainer_pb2_grpc

SERVING = health_pb2.HealthCheckResponse.SERVING

Answer = Callable[[Any, grpc.ServicerContext], Any]
"""From a request, or requests, to its answer, or for a streaming method to its answers."""


class Script:
    """What the servers answer, by method, and what they were asked."""

    def __init__(self) -> None:
        self.requests: list[Any] = []
        self.contexts: list[grpc.ServicerContext] = []
        self.ended = threading.Event()
        """Set when a call is over, whichever end it was ended from."""
        self._answers: dict[str, Answer] = {}

    def on(self, method: str, answer: Answer | Message | Iterable[Message]) -> None:
        """Answers a method with a message, with messages, or by a function."""
        self._answers[method] = answer if callable(answer) else lambda _request, _context: answer

    def answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        self.requests.append(request)
        self.contexts.append(context)
        context.add_callback(self.ended.set)
        return self._answers[method](request, context)


def never_ending(*messages: Message) -> Answer:
    """Answers with some messages, and then with nothing until the call is over."""

    def answer(_request: Any, context: grpc.ServicerContext) -> Iterator[Message]:
        over = threading.Event()
        if context.add_callback(over.set):
            yield from messages
            over.wait()

    return answer


def one_by_one(answer: Callable[[Any, int], Iterable[Message]]) -> Answer:
    """Answers each request of a stream, given with its position, before it reads the next."""

    def answers(requests: Any, _context: grpc.ServicerContext) -> Iterator[Message]:
        for position, request in enumerate(requests):
            yield from answer(request, position)

    return answers


class Trainer(trainer_pb2_grpc.TrainerServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    def Train(self, request: Any, context: Any) -> Any:
        return iter(self._script.answer("Train", request, context))

    def FollowRun(self, request: Any, context: Any) -> Any:
        return iter(self._script.answer("FollowRun", request, context))

    def GetRun(self, request: Any, context: Any) -> Any:
        return self._script.answer("GetRun", request, context)

    def ListRuns(self, request: Any, context: Any) -> Any:
        return self._script.answer("ListRuns", request, context)

    def CancelRun(self, request: Any, context: Any) -> Any:
        return self._script.answer("CancelRun", request, context)

    def PublishRun(self, request: Any, context: Any) -> Any:
        return iter(self._script.answer("PublishRun", request, context))

    def GetInsights(self, request: Any, context: Any) -> Any:
        return iter(self._script.answer("GetInsights", request, context))


class Recommender(recommender_pb2_grpc.RecommenderServiceServicer):
    def __init__(self, script: Script) -> None:
        self._script = script

    def Recommend(self, request: Any, context: Any) -> Any:
        return iter(self._script.answer("Recommend", request, context))

    def BatchRecommend(self, requests: Any, context: Any) -> Any:
        return iter(self._script.answer("BatchRecommend", requests, context))

    def SearchMovies(self, request: Any, context: Any) -> Any:
        return self._script.answer("SearchMovies", request, context)

    def GetModel(self, request: Any, context: Any) -> Any:
        return self._script.answer("GetModel", request, context)

    def ListVersions(self, request: Any, context: Any) -> Any:
        return self._script.answer("ListVersions", request, context)

    def ActivateVersion(self, request: Any, context: Any) -> Any:
        return self._script.answer("ActivateVersion", request, context)


class ScriptedServer:
    """Both services and their health on a port of 127.0.0.1; a context manager."""

    def __init__(self) -> None:
        self.script = Script()
        self.health = health.HealthServicer()
        self.health.set("movierec.v1.RecommenderService", SERVING)
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        trainer_pb2_grpc.add_TrainerServiceServicer_to_server(Trainer(self.script), self._server)
        recommender_pb2_grpc.add_RecommenderServiceServicer_to_server(
            Recommender(self.script), self._server
        )
        health_pb2_grpc.add_HealthServicer_to_server(self.health, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.stop(grace=None).wait()
