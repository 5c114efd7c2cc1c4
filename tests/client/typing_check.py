"""What mypy has to see of the client; it is checked by `make lint` and never run."""

from collections.abc import AsyncIterator
from typing import assert_type

import movierec_client as mc


def blocking(client: mc.Client) -> None:
    for event in client.train("ml", min_ratings=50, holdout=0, request_id=None):
        assert_type(event, mc.RunEvent)
        assert_type(event.loss, float | None)
    with client.recommend(["Toy Story (1995)", 260, mc.Seed("Heat", -1)], k=3) as found:
        assert_type(found.header.resolved_seeds, tuple[mc.ResolvedSeed, ...])
        assert_type(next(found), mc.Recommendation)
    assert_type(list(client.runs()), list[mc.Run])
    assert_type(client.search("heat"), list[mc.Movie])
    assert_type(client.model().manifest.metrics.rmse, float | None)
    assert_type(client.health("trainer")[0].status, mc.ServingStatus)
    client.recommend([1], version=7, years=(1990, None), any_genres=["War"], unknown="popular")
    client.recommend(mc.Query([1], explain=True), k=3)
    for outcome in client.recommend_many([mc.Query(["Heat"]), 260, ["Heat", 260]], window=1):
        if isinstance(outcome, mc.CallError):
            assert_type(outcome, mc.CallError)
        else:
            assert_type(outcome.recommendations, tuple[mc.Recommendation, ...])
    assert_type(client.replay("{}").same, bool)
    client.search("heat", version="stable")
    assert_type(client.activate("latest").serving_version, int | None)
    assert_type(client.activate(7, label="stable"), mc.Activation)
    assert_type(client.wait_until_serving(7).replicas, tuple[mc.Replica, ...])
    assert_type(next(client.publish("r1", force=True)).gate, mc.GateResult | None)
    assert_type(client.insights("ml", min_ratings=50).pages, tuple[str, ...])
    assert_type(client.insights(7), mc.Insights)


async def awaiting(client: mc.AsyncClient, queries: AsyncIterator[mc.Query]) -> None:
    async for event in client.follow("r1"):
        assert_type(event, mc.RunEvent)
    assert_type(await client.insights(7), mc.Insights)
    found = client.recommend([260])
    assert_type(await found.header, mc.RecommendHeader)
    assert_type([movie async for movie in found], list[mc.Recommendation])
    assert_type([version async for version in client.versions()], list[mc.Version])
    async for outcome in client.recommend_many(queries):
        assert_type(outcome, mc.Answer | mc.CallError)
    assert_type((await client.replay("{}")).outcome, mc.Answer | mc.CallError)
    assert_type(await client.cancel("r1"), mc.Run)
    assert_type(await client.remove_label("stable"), mc.Activation)
    assert_type(await client.fleet(), mc.Fleet)
    assert_type(await client.wait_until_serving(7, timeout_s=5), mc.Fleet)
    async for event in client.publish("r1"):
        assert_type(event.version, int | None)


def refused(client: mc.Client) -> None:
    # mypy complains about an ignore that is not needed, so each of these is an error.
    client.train("ml", epoch=3)  # type: ignore[call-arg]  # there is no such setting
    client.recommend([1], genre="War")  # type: ignore[call-arg]  # it is any_genres
    client.recommend_many([2.5])  # type: ignore[list-item]  # no query
    client.recommend([2.5])  # type: ignore[list-item]  # no id, no title
    client.recommend([1], unknown="ignore")  # type: ignore[arg-type]  # "fail", "skip" or "popular"
    client.activate("newest")  # type: ignore[arg-type]  # a number or "latest"
    client.health("trainr")  # type: ignore[arg-type]  # no such service
