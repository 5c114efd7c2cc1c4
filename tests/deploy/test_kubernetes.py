"""The manifests for Kubernetes, without a cluster."""

import json
import re
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from typer.testing import CliRunner

from deploy.env_example import SERVICES
from movierec.chassis.settings import PREFIX, told_settings
from movierec.v1 import recommender_pb2, trainer_pb2
from movierec_client.cli.main import app

FOLDER = Path(__file__).resolve().parents[2] / "deploy" / "kubernetes"
VERSIONS = ("1.28", "1.37")
"""From which to which version of Kubernetes the manifests are held to its schemas."""

KUSTOMIZATION = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())
TRAIN = "train.yaml"
FULL_NAMES = {
    "trainer": trainer_pb2.DESCRIPTOR.services_by_name["TrainerService"].full_name,
    "recommender": recommender_pb2.DESCRIPTOR.services_by_name["RecommenderService"].full_name,
}


def documents() -> list[dict[str, Any]]:
    """All that is applied or created, as kustomize and kubectl read it."""
    return [
        document
        for name in (*KUSTOMIZATION["resources"], TRAIN)
        for document in yaml.safe_load_all((FOLDER / name).read_text())
    ]


def name_of(document: dict[str, Any]) -> str:
    metadata = document["metadata"]
    return f"{document['kind']}-{metadata.get('name') or metadata['generateName']}"


def of_kind(kind: str) -> dict[str, dict[str, Any]]:
    found = [document for document in documents() if document["kind"] == kind]
    return {document["metadata"].get("name", "train"): document for document in found}


def pods() -> dict[str, dict[str, Any]]:
    """The pods' templates."""
    return {
        name: document["spec"]["template"]
        for name, document in (of_kind("Deployment") | of_kind("Job")).items()
    }


def container(pod: dict[str, Any]) -> dict[str, Any]:
    found: list[dict[str, Any]] = pod["spec"]["containers"]
    (only,) = found
    return only


PODS = pytest.mark.parametrize("pod", pods().values(), ids=pods())
SERVICE = pytest.mark.parametrize("service", SERVICES)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("document", documents(), ids=name_of)
def test_every_manifest_is_one_by_kubernetes_own_schema(
    document: dict[str, Any], version: str
) -> None:
    kubernetes_validate.validate(document, version, strict=True)


def test_a_manifest_with_a_name_that_there_is_not_is_none() -> None:
    document = of_kind("Deployment")["trainer"]
    container(document["spec"]["template"])["imagePullPolicies"] = "Always"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(document, VERSIONS[0], strict=True)


def test_every_file_is_named_by_the_kustomization_or_created() -> None:
    files = {path.name for path in FOLDER.glob("*.yaml")}
    assert files == {*KUSTOMIZATION["resources"], TRAIN, "kustomization.yaml"}
    assert KUSTOMIZATION.keys() == {
        *("apiVersion", "kind", "namespace", "resources", "labels", "images")
    }
    images = {container(pod)["image"] for pod in pods().values()}
    assert {image["name"] for image in KUSTOMIZATION["images"]} == {
        image for image in images if ":" not in image
    }
    (created,) = of_kind("Job").values()
    assert created["metadata"]["namespace"] == KUSTOMIZATION["namespace"]
    assert of_kind("Namespace").keys() == {KUSTOMIZATION["namespace"]}


@SERVICE
def test_every_selector_finds_the_pods_that_it_is_for(service: str) -> None:
    labels = pods()[service]["metadata"]["labels"].items()
    deployment = of_kind("Deployment")[service]
    assert labels >= deployment["spec"]["selector"]["matchLabels"].items()
    assert labels >= of_kind("Service")[service]["spec"]["selector"].items()
    policy = of_kind("NetworkPolicy")[service]["spec"]
    assert labels >= policy["podSelector"]["matchLabels"].items()
    budget = of_kind("PodDisruptionBudget")["recommender"]["spec"]["selector"]["matchLabels"]
    assert (labels >= budget.items()) == (service == "recommender")
    scaled = of_kind("HorizontalPodAutoscaler")["recommender"]["spec"]["scaleTargetRef"]
    assert scaled == {"apiVersion": "apps/v1", "kind": "Deployment", "name": "recommender"}
    assert "replicas" not in of_kind("Deployment")["recommender"]["spec"]


@SERVICE
def test_ports_and_probes_are_those_of_the_server(service: str) -> None:
    server = container(pods()[service])
    ports = {port["name"]: port["containerPort"] for port in server["ports"]}
    default = str(SERVICES[service].model_fields["listen"].default)
    assert ports["grpc"] == int(default.split(":")[1])
    for probe, asked in (
        ("startupProbe", "liveness"),
        ("livenessProbe", "liveness"),
        ("readinessProbe", FULL_NAMES[service]),
    ):
        assert server[probe]["grpc"] == {"port": ports["grpc"], "service": asked}
    own = of_kind("Service")[service]["spec"]
    assert own["clusterIP"] == "None"
    assert [(port["port"], port["targetPort"]) for port in own["ports"]] == [
        (ports["grpc"], "grpc")
    ]
    policy = of_kind("NetworkPolicy")[service]["spec"]
    opened = [port["port"] for rule in policy["ingress"] for port in rule["ports"]]
    assert opened == [ports["grpc"], ports["metrics"]]
    assert "egress" not in policy
    metrics = {variable["name"]: variable["value"] for variable in server["env"]}
    assert metrics["MOVIEREC_METRICS_LISTEN"] == f"0.0.0.0:{ports['metrics']}"


@SERVICE
def test_every_variable_is_a_setting_and_legal(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = SERVICES[service]
    for variable in container(pods()[service])["env"]:
        assert variable["name"].removeprefix(PREFIX).lower() in told_settings(kind)
        monkeypatch.setenv(variable["name"], variable["value"])
    kind(_cli_parse_args=[])


@SERVICE
def test_a_pod_has_time_to_end_in_order(service: str) -> None:
    grace_s = SERVICES[service].model_fields["shutdown_grace_s"].default
    assert pods()[service]["spec"]["terminationGracePeriodSeconds"] > grace_s


@PODS
def test_a_pod_is_held_to_the_restricted_standard(pod: dict[str, Any]) -> None:
    namespace = of_kind("Namespace")["movierec"]["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"
    context = pod["spec"]["securityContext"]
    assert (context["runAsNonRoot"], context["runAsUser"]) == (True, 10001)
    assert context["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(pod)["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert pod["spec"]["automountServiceAccountToken"] is False
    assert {*container(pod)["resources"]["limits"]} == {"cpu", "memory"}


@PODS
def test_no_variable_of_kubernetes_own_is_taken_for_a_setting(pod: dict[str, Any]) -> None:
    """A service that is called movierec-… would give MOVIEREC_…, which stops a start."""
    assert pod["spec"]["enableServiceLinks"] is False


@SERVICE
def test_every_volume_is_claimed_and_every_folder_is_the_images(service: str) -> None:
    spec = pods()[service]["spec"]
    claims = {
        volume["name"]: volume.get("persistentVolumeClaim", {}).get("claimName")
        for volume in spec["volumes"]
    }
    assert {claim for claim in claims.values() if claim} <= of_kind("PersistentVolumeClaim").keys()
    mounts = {mount["name"]: mount for mount in container(pods()[service])["volumeMounts"]}
    assert mounts.keys() == claims.keys()
    assert {mount["mountPath"] for mount in mounts.values()} == {f"/{name}" for name in claims}
    assert mounts["artifacts"].get("readOnly", False) == (service == "recommender")
    for name in ("artifacts", "control"):
        claim = of_kind("PersistentVolumeClaim")[name]["spec"]
        assert claim["accessModes"] == ["ReadWriteMany"]


def test_the_job_may_call_both_services_and_each_lets_it() -> None:
    job = pods()["train"]
    labels = job["metadata"]["labels"].items()
    addresses = {v["name"]: v["value"] for v in container(job)["env"] if "value" in v}
    assert addresses == {
        "MOVIEREC_TRAINER": "dns:///trainer:50051",
        "MOVIEREC_RECOMMENDER": "dns:///recommender:50052",
    }
    for service in SERVICES:
        inward, _ = of_kind("NetworkPolicy")[service]["spec"]["ingress"]
        (peer,) = inward["from"]
        assert labels >= peer["podSelector"]["matchLabels"].items()
    outward = of_kind("NetworkPolicy")["train"]["spec"]
    assert labels >= outward["podSelector"]["matchLabels"].items()
    called = {
        rule["to"][0].get("podSelector", {}).get("matchLabels", {}).get("app.kubernetes.io/name")
        for rule in outward["egress"]
    }
    assert called >= {*SERVICES}


def test_the_jobs_command_is_one_of_ours() -> None:
    arguments = container(pods()["train"])["args"]
    said = CliRunner().invoke(app, [arguments[0], "--help"], terminal_width=200)
    assert said.exit_code == 0
    for flag in re.findall(r"--[a-z-]+", json.dumps(arguments)):
        assert flag in said.stdout
