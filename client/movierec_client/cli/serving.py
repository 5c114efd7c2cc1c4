"""What serves where, and what the quality gate says, in lines for people."""

from collections import Counter

from movierec_client.results import Fleet
from movierec_client.runs import GateResult


def serving_line(fleet: Fleet) -> str:
    """Returns who serves what, e.g. "version 7 serves on 2 of 2 replicas"."""
    count = len(fleet.replicas)
    if not count:
        return "no recommender says what it serves"
    serving = Counter(replica.serving_version for replica in fleet.replicas)
    newest_first = sorted(serving.items(), key=lambda item: -(item[0] or 0))
    (version, number), *others = newest_first
    first = f"{_named(version)} serves on {number} of {count} replica{'s' if count > 1 else ''}"
    return ", ".join([first, *(f"{_named(other)} on {number}" for other, number in others)])


def published_lines(version: int, gate: GateResult | None, run_id: str) -> list[str]:
    """Returns that a version is published, and what the quality gate says of it."""
    if gate is None:
        return [f"version {version} is published"]
    if gate.held_back:
        is_compared = gate.against_version is not None
        return [
            f"version {version} is published, but held back: {_compared(gate)}",
            f"`movierec activate {version}` serves it all the same;",
            *([] if is_compared else [f"`movierec publish {run_id}` asks the gate again;"]),
            f"`movierec publish {run_id} --force` publishes it past the gate",
        ]
    forced = "" if gate.passed else ", forced past the quality gate"
    return [f"version {version} is published{forced}", gate_line(gate)]


def gate_line(gate: GateResult) -> str:
    """Returns what the quality gate says, with both figures if it compared any."""
    return f"quality gate: {_compared(gate)}"


def _named(version: int | None) -> str:
    return f"version {version}" if version else "nothing"


def _compared(gate: GateResult) -> str:
    """Returns both figures or, if nothing was compared, why not."""
    if gate.against_version is None:
        return gate.note
    return (
        f"NDCG@100 {gate.ndcg_at_100:.3f}, version {gate.against_version}: "
        f"{gate.against_ndcg_at_100:.3f} ({gate.user_count:,} users, margin {gate.margin:.3f})"
    )
