"""What a manifest says of itself, and of the quality gate."""

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recommender_service.artifact.manifest import read_manifest
from recommender_service.errors import BadVersionError
from support.damage import facts_of, sign
from support.versions import publish_by_hand

WORSE = {
    "against_version": "3",
    "user_count": 1431,
    "ndcg_at_100": 0.401,
    "against_ndcg_at_100": 0.42,
    "margin": 0.006,
}
"""What the gate found of a version that it holds back; what is false is not written."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    artifacts_dir = tmp_path_factory.mktemp("artifacts")
    publish_by_hand(artifacts_dir)
    return artifacts_dir / "versions" / "1"


def held_back(folder: Path, gate: dict[str, Any]) -> str:
    """What is said of a version with this result; the digest stands before it, and is good."""
    facts = facts_of(folder)
    facts.pop("gate", None)
    sign(folder, facts | {"gate": gate})
    return read_manifest(folder).held_back


def test_a_version_that_the_gate_holds_back_says_why_with_both_figures(folder: Path) -> None:
    assert held_back(folder, WORSE) == (
        "NDCG@100 is 0.401, and that of version 3 is 0.420 on the same 1,431 users: 0.0190 less, "
        "which is more than the margin of 0.0060"
    )


def test_a_version_that_could_not_be_compared_says_why_and_no_figures(folder: Path) -> None:
    why = "nothing was compared: the versions on the volume cannot be read: I/O error"
    assert held_back(folder, {"note": why}) == why


@pytest.mark.parametrize(
    "gate",
    [
        WORSE | {"passed": True},
        WORSE | {"forced": True},
        {"passed": True, "note": "it is the first version"},
    ],
)
def test_a_version_that_passed_or_was_forced_is_not_held_back(
    folder: Path, gate: dict[str, Any]
) -> None:
    assert held_back(folder, gate) == ""


def test_a_version_without_a_gate_is_not_held_back(folder: Path) -> None:
    facts = facts_of(folder)
    facts.pop("gate", None)
    sign(folder, facts)
    assert read_manifest(folder).held_back == ""


FIGURES = st.sampled_from(["NaN", "Infinity", "-Infinity"]) | st.floats(
    allow_nan=False, allow_infinity=False
)


@given(
    gate=st.fixed_dictionaries(
        {},
        optional={
            "against_version": st.integers(-(2**63), 2**63 - 1).map(str),
            "user_count": st.integers(-(2**31), 2**31 - 1),
            "ndcg_at_100": FIGURES,
            "against_ndcg_at_100": FIGURES,
            "margin": FIGURES,
        },
    )
)
def test_whatever_the_figures_a_version_that_did_not_pass_is_held_back(
    folder: Path, gate: dict[str, Any]
) -> None:
    is_compared = gate.get("against_version", "0") != "0"
    begins = "NDCG@100 is " if is_compared else "nothing was compared"
    assert held_back(folder, gate).startswith(begins)


def write_with_digest(folder: Path, digest: str) -> None:
    (folder / "manifest.json").write_text(json.dumps(facts_of(folder) | {"digest": digest}))


def reason(folder: Path) -> str:
    with pytest.raises(BadVersionError) as caught:
        read_manifest(folder)
    return caught.value.reason


@pytest.mark.parametrize("digest", ["0" * 64, "f" * 64])
def test_a_digest_that_is_another_one_is_rejected(folder: Path, digest: str) -> None:
    write_with_digest(folder, digest)
    assert reason(folder) == "CHECKSUM"


@pytest.mark.parametrize("digest", ["", "1", "é", "0" * 63, "0" * 65, "g" * 64, "F" * 64, " " * 64])
def test_a_digest_that_can_be_none_is_rejected_as_such(folder: Path, digest: str) -> None:
    write_with_digest(folder, digest)
    assert reason(folder) == "FORMAT"


def test_a_manifest_that_would_fit_the_digest_of_nothing_is_rejected(folder: Path) -> None:
    """As if all that is empty were put in the place of nothing."""
    facts = facts_of(folder)
    del facts["digest"]
    (folder / "manifest.json").write_text(json.dumps(facts))
    assert reason(folder) == "FORMAT"


def test_zeros_elsewhere_are_not_the_digest_s(folder: Path) -> None:
    """The place of the digest is found by what stands there, not by the zeros put there."""
    facts = facts_of(folder)
    assert facts["data"]["fingerprint"] == "0" * 64
    for place in ({"run_id": "0" * 64}, {"gate": {"passed": True, "note": "0" * 64}}):
        unsigned = json.dumps(facts | place | {"digest": "?"}).encode()
        digest = hashlib.sha256(unsigned.replace(b'"?"', b'"%b"' % (b"0" * 64))).hexdigest()
        content = unsigned.replace(b'"?"', f'"{digest}"'.encode())
        (folder / "manifest.json").write_bytes(content)
        assert read_manifest(folder).content == content
