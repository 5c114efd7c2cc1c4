"""What the trainer says of its runs when it is scraped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import grpc

from movierec.v1 import trainer_pb2 as pb
from support.datasets import write_two_tastes
from support.metrics import scraped
from support.servers import DEADLINE_S, serving
from support.trainers import ENDLESS, Stub, settings_for, train
from trainer_service.service.building import Trainer

Say = Callable[[str], dict[str, float]]


@contextmanager
def running(folder: Path) -> Iterator[tuple[Stub, Say]]:
    """A trainer, and what it says of a metric, by the metric's label."""
    write_two_tastes(folder / "data" / "tastes")
    built: list[Trainer] = []

    def build() -> Trainer:
        built.append(Trainer(settings_for(folder, metrics_listen="127.0.0.1:0")))
        return built[0]

    def said(name: str) -> dict[str, float]:
        url = built[0].server.metrics_url or ""
        found = scraped(url.removeprefix("http://").removesuffix("/metrics"))
        return {"".join(labels): value for labels, value in found.get(name, {}).items()}

    with serving(build) as address, grpc.insecure_channel(address) as channel:
        yield Stub(channel), said


def test_a_trainer_without_runs_says_so(tmp_path: Path) -> None:
    with running(tmp_path) as (_, said):
        assert set(said("movierec_runs").values()) == {0}
        assert set(said("movierec_run_phase").values()) == {0}
        assert said("movierec_run_loss") == {}


def test_the_run_that_goes_on_is_told_with_its_progress(tmp_path: Path) -> None:
    with running(tmp_path) as (stub, said):
        call = stub.Train(pb.TrainRequest(dataset="tastes", settings=ENDLESS), timeout=DEADLINE_S)
        event = next(reply.event for reply in call if reply.event.HasField("progress"))
        assert said("movierec_runs")["RUNNING"] == 1
        phases = said("movierec_run_phase")
        assert [phase for phase, is_on in phases.items() if is_on] == ["FITTING"]
        assert said("movierec_run_epochs") == {"": 1_000}
        assert said("movierec_run_epoch")[""] >= event.progress.epoch
        assert said("movierec_run_ratings_per_second")[""] > 0
        assert said("movierec_run_loss")[""] > 0
        first = said("movierec_run_duration_seconds")[""]
        assert 0 < first < said("movierec_run_duration_seconds")[""]
        stub.CancelRun(pb.CancelRunRequest(run_id=event.run_id), timeout=DEADLINE_S)


def test_a_run_that_has_ended_is_told_until_another_begins(tmp_path: Path) -> None:
    with running(tmp_path) as (stub, said):
        last = train(stub)[-1]
        assert last.state == pb.RUN_STATE_SUCCEEDED
        assert said("movierec_runs")["SUCCEEDED"] == 1
        assert set(said("movierec_run_phase").values()) == {0}
        assert said("movierec_run_epoch") == {"": 2}
        assert said("movierec_run_ratings_per_second") == {"": 0}
        seconds = said("movierec_run_duration_seconds")
        assert seconds == said("movierec_run_duration_seconds")
