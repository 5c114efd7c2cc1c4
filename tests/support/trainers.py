"""The trainer in process, asked through the generated stubs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from movierec.v1 import trainer_pb2 as pb
from movierec.v1 import trainer_pb2_grpc, training_pb2
from support.servers import DEADLINE_S, serving
from trainer_service.model.settings import TrainingSettings
from trainer_service.runs.run import Run
from trainer_service.runs.store import RunStore
from trainer_service.service.building import Trainer
from trainer_service.settings import TrainerSettings

QUICK = training_pb2.TrainingSettings(min_ratings=10, epochs=2, dim=4)
ENDLESS = training_pb2.TrainingSettings(min_ratings=10, epochs=1_000, dim=4, batch_size=1)

Stub = trainer_pb2_grpc.TrainerServiceStub
Detail = TypeVar("Detail", bound=Message)


def settings_for(folder: Path, **more: Any) -> TrainerSettings:
    """Settings of a trainer with all that it has in a folder."""
    folders = {"data_dir": folder / "data", "artifacts_dir": folder / "artifacts"}
    # Reports take seconds of a core; who looks at them asks for them.
    return TrainerSettings(**{"listen": "127.0.0.1:0", "reports": False, **folders, **more})


@contextmanager
def trainer(folder: Path, **more: Any) -> Iterator[Stub]:
    """A trainer that serves as long as it is asked; `more` are settings."""
    with (
        serving(lambda: Trainer(settings_for(folder, **more))) as address,
        grpc.insecure_channel(address) as channel,
    ):
        yield Stub(channel)


def new_run(store: RunStore, request_id: str = "") -> Run:
    """A run of a trainer that has gone again."""
    store.lock()
    run = store.create("tastes", TrainingSettings(), request_id)
    store.unlock()
    return run


def train(stub: Stub, dataset: str = "tastes", **fields: Any) -> list[pb.RunEvent]:
    """Trains, and returns the run's events."""
    request = pb.TrainRequest(dataset=dataset, **{"settings": QUICK, **fields})
    return events_of(stub.Train(request, timeout=DEADLINE_S))


def publish(stub: Stub, run_id: str, *, force: bool = False) -> list[pb.RunEvent]:
    """Publishes what a run has trained, and returns the events from there on."""
    request = pb.PublishRunRequest(run_id=run_id, force=force)
    return events_of(stub.PublishRun(request, timeout=DEADLINE_S))


def run_of(stub: Stub, run_id: str) -> pb.Run:
    """A run as it stands."""
    return stub.GetRun(pb.GetRunRequest(run_id=run_id), timeout=DEADLINE_S).run


def events_of(call: Iterable[Any]) -> list[pb.RunEvent]:
    """All events of a stream."""
    return [response.event for response in call]


def phases_of(events: Iterable[pb.RunEvent]) -> list[str]:
    """The phases that a run went through, e.g. "READING"."""
    names = [pb.RunPhase.Name(event.phase) for event in events if event.phase]
    return [name.removeprefix("RUN_PHASE_") for name in names]


def said(error: grpc.RpcError) -> str:
    """An error's sentence."""
    return str(error.details() or "")


def reason_of(error: grpc.RpcError) -> str:
    """An error's reason."""
    return str(detail_of(error, error_details_pb2.ErrorInfo).reason)


def detail_of(error: grpc.RpcError, kind: type[Detail]) -> Detail:
    """The detail of an error that is of a kind."""
    for packed in rpc_status.from_call(error).details:
        detail = kind()
        if packed.Unpack(detail):
            return detail
    raise AssertionError(f"no {kind.__name__} in {error}")
