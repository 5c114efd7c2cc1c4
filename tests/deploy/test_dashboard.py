"""What the dashboard asks for is what the services say."""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from movierec.v1 import recommender_pb2, trainer_pb2, training_pb2
from movierec.v1.recommender_pb2_grpc import RecommenderServiceStub
from movierec.v1.trainer_pb2_grpc import TrainerServiceStub
from support.metrics import metrics_address
from support.prometheus import Prometheus, needs_prometheus, scraping
from support.servers import DEADLINE_S, until, wait_until_serving
from support.services import started
from trainer_service.sample import write_sample

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
QUICK = training_pb2.TrainingSettings(min_ratings=50, epochs=2, dim=4)
ON = ("--metrics-listen", "127.0.0.1:0")

pytestmark = needs_prometheus


def queries() -> list[str]:
    """Every query of the dashboard, as Grafana sends it."""
    dashboard = json.loads((DEPLOY / "grafana" / "movierec.json").read_text())
    variables = {"$__rate_interval": "10s", "$job": ".*", "$instance": ".*"}
    found = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", ())]
    return [
        re.sub(r"\$\w+", lambda variable: variables[variable[0]], expression)
        for expression in found
    ]


class Watched:
    """Both services after a run, with Prometheus.

    Args:
        prometheus: It scrapes them.
        recommender: The recommender.
    """

    def __init__(self, prometheus: Prometheus, recommender: RecommenderServiceStub) -> None:
        self.prometheus = prometheus
        self._recommender = recommender

    def values(self, expression: str) -> list[float]:
        """What a query says, after calls of which one was good and one was not."""
        seeds = [recommender_pb2.Seed(movie_id=1)]
        request = recommender_pb2.RecommendRequest(seeds=seeds)
        list(self._recommender.Recommend(request, timeout=DEADLINE_S))
        with pytest.raises(grpc.RpcError):
            list(self._recommender.Recommend(recommender_pb2.RecommendRequest(top_k=-1)))
        return self.prometheus.values(expression)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    write_sample(folder / "data" / "sample")
    with (
        started("trainer_service", folder, *ON) as trainer,
        started("recommender_service", folder, *ON) as recommender,
        grpc.insecure_channel(trainer.address) as to_trainer,
        grpc.insecure_channel(recommender.address) as to_recommender,
        scraping(
            folder / "prometheus",
            {
                "movierec-trainer": metrics_address(trainer),
                "movierec-recommender": metrics_address(recommender),
            },
        ) as prometheus,
    ):
        request = trainer_pb2.TrainRequest(dataset="sample", settings=QUICK)
        *_, last = TrainerServiceStub(to_trainer).Train(request, timeout=DEADLINE_S)
        assert last.event.state == trainer_pb2.RUN_STATE_SUCCEEDED
        wait_until_serving(to_recommender)
        yield Watched(prometheus, RecommenderServiceStub(to_recommender))


@pytest.mark.parametrize("expression", queries())
def test_every_query_of_the_dashboard_has_an_answer(watched: Watched, expression: str) -> None:
    assert until(lambda: watched.values(expression), bool)


def test_a_query_of_what_nobody_says_has_none(watched: Watched) -> None:
    until(lambda: watched.values("movierec_serving_version"), bool)
    assert watched.values("movierec_no_such_metric") == []


def test_every_panel_has_a_title_and_says_what_it_shows() -> None:
    dashboard = json.loads((DEPLOY / "grafana" / "movierec.json").read_text())
    assert dashboard["title"] == "movierec"
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert [panel["title"] for panel in panels if not panel["description"]] == []
    assert len({panel["title"] for panel in panels}) == len(panels)


def test_the_example_of_what_to_scrape_is_one_that_prometheus_takes() -> None:
    subprocess.run(
        ["promtool", "check", "config", str(DEPLOY / "prometheus" / "prometheus.yml")],
        capture_output=True,
        check=True,
    )
