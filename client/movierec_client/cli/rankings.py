"""How well a model ranks, beside simpler means: at a glance, or every figure."""

from movierec_client.cli.output import say
from movierec_client.cli.tables import say_table
from movierec_client.runs import RankingMetrics, TrainingMetrics

_MOST_SEEDS = "given 80 % of the movies that they like"
_ONE_SEED = "given one movie that they like"


def say_rankings(metrics: TrainingMetrics) -> None:
    """Prints the foremost figures, in one table."""
    if not metrics.ranking:
        return
    say(f"{_users(metrics.ranking)} {_MOST_SEEDS}, or one")
    say_table(
        [
            "",
            ">NDCG@100",
            ">Recall@20",
            ">Recall@50",
            ">from one:\nNDCG@100",
            ">coverage",
            ">mean\nrank",
        ],
        [
            [
                name,
                with_error(ranking.ndcg_at_100, ranking.ndcg_at_100_standard_error),
                with_error(ranking.recall_at_20),
                with_error(ranking.recall_at_50),
                one_seed and with_error(one_seed.ndcg_at_100, one_seed.ndcg_at_100_standard_error),
                _coverage(ranking.coverage),
                _rank(ranking.popularity_rank),
            ]
            for name, ranking, one_seed in _scorers(metrics)
            if ranking
        ],
    )


def say_rankings_in_full(metrics: TrainingMetrics) -> None:
    """Prints every figure with its standard error, and what the figures mean."""
    scorers = _scorers(metrics)
    _say_figures(_MOST_SEEDS, [(name, ranking) for name, ranking, _ in scorers])
    _say_figures(_ONE_SEED, [(name, one_seed) for name, _, one_seed in scorers])
    if metrics.ranking or metrics.one_seed:
        say()
        say("±: standard error. Coverage: share of all movies that are in anyone's top 20.")
        say("Mean rank: by popularity, of what is in the top 20s; the most liked has 1.")
    if metrics.ease_l2 is not None:
        say(f"EASE's penalty: {metrics.ease_l2:,g}, chosen on the validation users.")


def with_error(value: float, error: float | None = None, decimals: int = 3) -> str:
    """Returns a figure with its standard error, if it has one, e.g. "0.421 ±0.012"."""
    figure = f"{value:,.{decimals}f}"
    return f"{figure} ±{error:,.{decimals}f}" if error else figure


def _say_figures(given: str, scorers: list[tuple[str, RankingMetrics | None]]) -> None:
    measured = [(name, ranking) for name, ranking in scorers if ranking]
    if not measured:
        return
    say()
    say(f"{_users(measured[0][1])} {given}")
    say_table(
        ["", ">NDCG@100", ">Recall@20", ">Recall@50", ">coverage", ">mean rank"],
        [
            [
                name,
                with_error(ranking.ndcg_at_100, ranking.ndcg_at_100_standard_error),
                with_error(ranking.recall_at_20, ranking.recall_at_20_standard_error),
                with_error(ranking.recall_at_50, ranking.recall_at_50_standard_error),
                _coverage(ranking.coverage, ranking.coverage_standard_error),
                _rank(ranking.popularity_rank, ranking.popularity_rank_standard_error),
            ]
            for name, ranking in measured
        ],
    )


def _scorers(
    metrics: TrainingMetrics,
) -> list[tuple[str, RankingMetrics | None, RankingMetrics | None]]:
    """What was ranked by, with its figures from most of the seeds and from one."""
    return [
        ("this model", metrics.ranking, metrics.one_seed),
        ("EASE", metrics.ease, metrics.one_seed_ease),
        ("item cosine", metrics.item_cosine, metrics.one_seed_item_cosine),
        ("popularity", metrics.popularity, metrics.one_seed_popularity),
    ]


def _users(ranking: RankingMetrics) -> str:
    return f"held-out users: {ranking.user_count:,},"


def _coverage(share: float | None, error: float | None = None) -> str | None:
    return None if share is None else f"{with_error(100 * share, 100 * (error or 0), 1)} %"


def _rank(rank: float | None, error: float | None = None) -> str | None:
    return None if rank is None else with_error(rank, error, decimals=1 if rank < 100 else 0)
