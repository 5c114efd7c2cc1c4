"""The commands for versions: model and versions."""

from movierec_client.cli.options import (
    DEFAULT_TIMEOUT_S,
    RECOMMENDER_ADDRESS,
    JsonOption,
    RecommenderOption,
    TimeoutOption,
)
from movierec_client.cli.output import say, say_json, say_table, when
from movierec_client.cli.reports import say_data, say_metrics
from movierec_client.client import Client
from movierec_client.results import Version


def model(
    *,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """Show the version that serves, and how good it is.

    Example: movierec model
    """
    with Client(recommender=recommender, timeout_s=timeout) as client:
        serving = client.model()
    if json:
        say_json(serving)
        return
    manifest = serving.manifest
    say(f"version {serving.version}, serving since {when(serving.load_time)} UTC")
    say(f"made {when(manifest.create_time)} UTC by run {manifest.run_id} from {manifest.dataset}")
    say(
        f"{manifest.movie_count:,} movies in {manifest.dim} dimensions; "
        f"each has more than {manifest.settings.min_ratings:,} ratings"
    )
    say_data(manifest.data)
    say_metrics(manifest.metrics, in_full=True)


def versions(
    *,
    recommender: RecommenderOption = RECOMMENDER_ADDRESS,
    timeout: TimeoutOption = DEFAULT_TIMEOUT_S,
    json: JsonOption = False,
) -> None:
    """List the versions on the volume, newest first.

    Example: movierec versions
    """
    with Client(recommender=recommender, timeout_s=timeout) as client:
        found = client.versions()
        if json:
            for version in found:
                say_json(version)
            return
        listed = list(found)
    say_table(
        [">version", "state", "made (UTC)", ">movies", ">NDCG@100", "data set"],
        [_row(version) for version in listed],
        empty="there are no versions yet",
    )
    for version in listed:
        if version.reason:
            why = f"{version.reason}: {version.message}"
            say(f"version {version.version} is {version.state}, {why}")


def _row(version: Version) -> tuple[object, ...]:
    manifest = version.manifest
    if not manifest:
        return version.version, version.state, None, None, None, None
    ranking = manifest.metrics.ranking
    return (
        version.version,
        version.state,
        when(manifest.create_time),
        f"{manifest.movie_count:,}",
        f"{ranking.ndcg_at_100:.3f}" if ranking else None,
        manifest.dataset,
    )
