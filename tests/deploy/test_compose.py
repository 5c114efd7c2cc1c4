"""The compose files and the images' recipe, without an engine."""

import inspect
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.env_example import EXAMPLE, OF_THE_IMAGE, SERVICES, env_example, passed_on
from movierec.chassis.settings import load_settings, told_settings
from movierec_client import Client

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "deploy" / "compose.yaml"
GPU = ROOT / "deploy" / "compose.gpu.yaml"
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
OLD = shutil.which("docker-compose", path="/usr/bin:/usr/local/bin")
NOW = Path(sys.executable).with_name("docker-compose")
# Of today, which is in this environment, and 1.29, where that is installed.
COMMANDS = pytest.mark.parametrize(
    "command",
    [
        pytest.param(NOW, id="today's"),
        pytest.param(
            OLD, id="1.29", marks=pytest.mark.skipif(not OLD, reason="needs docker-compose 1.29")
        ),
    ],
)


def understood(
    command: str | Path,
    *files: Path,
    variables: Path = EXAMPLE,
    given: dict[str, str] | None = None,
) -> Any:
    """The services, as compose understands them."""
    arguments = [argument for file in files for argument in ("--file", str(file))]
    said = subprocess.run(
        [command, *arguments, "--env-file", str(variables), "--profile", "client", "config"],
        env={"PATH": os.environ["PATH"]} | (given or {}),
        capture_output=True,
        text=True,
        check=True,
    )
    return yaml.safe_load(said.stdout)["services"]


@COMMANDS
def test_compose_understands_the_file_and_the_example_of_variables(command: str | Path) -> None:
    services = understood(command, COMPOSE)
    assert {*services} == {"trainer", "recommender", "client"}


@COMMANDS
def test_the_example_of_variables_changes_nothing(command: str | Path, tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    by_default = understood(command, COMPOSE, variables=tmp_path / "none")
    by_example = understood(command, COMPOSE)
    for service, kind in SERVICES.items():
        told = by_example[service].pop("environment")
        by_default[service].pop("environment")
        assert {name.removeprefix("MOVIEREC_").lower() for name in told} == {*passed_on()[service]}
        assert kind.model_fields.keys() >= {*passed_on()[service]}
    assert by_example == by_default


@COMMANDS
def test_the_trainer_may_have_a_processor_of_nvidias(command: str | Path) -> None:
    trainer = understood(command, COMPOSE, GPU)["trainer"]
    assert trainer["build"]["args"] == {"TRAINER": "gpu"}
    (device,) = trainer["deploy"]["resources"]["reservations"]["devices"]
    assert device["capabilities"] == ["gpu"]
    lock = (ROOT / "requirements" / "gpu.txt").read_text()
    packages = {*re.findall(r"^([\w-]+)==", lock, re.MULTILINE)}
    assert packages >= {"tensorflow", "nvidia-cudnn-cu12", "keras", "grpcio"}
    assert "tensorflow-cpu" not in packages


@COMMANDS
def test_a_folder_of_data_is_mounted_for_reading_alone(command: str | Path, tmp_path: Path) -> None:
    trainer = understood(command, COMPOSE, given={"DEPLOY_DATA": str(tmp_path)})["trainer"]
    data, *_ = trainer["volumes"]
    if isinstance(data, dict):
        assert (data["type"], data["source"]) == ("bind", str(tmp_path))
        assert (data["target"], data["read_only"]) == ("/data", True)
    else:
        assert data == f"{tmp_path}:/data:ro"


@pytest.mark.parametrize("service", SERVICES)
def test_every_setting_can_be_told_but_those_of_the_image(service: str) -> None:
    told = [*passed_on()[service], *OF_THE_IMAGE]
    assert {*told_settings(SERVICES[service])} <= {*told}
    assert {*told} - {*OF_THE_IMAGE} <= {*told_settings(SERVICES[service])}
    stage = DOCKERFILE.split(f"FROM base AS {service}\n")[1].split("FROM ")[0]
    of_the_image = re.findall(r"MOVIEREC_(\w+)=", stage)
    own = {*told_settings(SERVICES[service])} & {*OF_THE_IMAGE}
    assert own | {service} == {name.lower() for name in of_the_image}


@pytest.mark.parametrize("service", SERVICES)
def test_the_example_of_variables_gives_each_service_its_defaults(
    service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    kind = SERVICES[service]
    expected = load_settings(kind, "test", [])
    for name, value in re.findall(r"^(MOVIEREC_\w+)=(.*)$", EXAMPLE.read_text(), re.MULTILINE):
        monkeypatch.setenv(name, value)
    assert load_settings(kind, "test", []) == expected


def test_the_example_of_variables_is_current() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") == env_example(), "run `make settings-page`"


def test_the_images_have_the_version_of_the_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert {*re.findall(r"ARG VERSION=(\S+)", DOCKERFILE)} == {project["version"]}


def test_the_command_that_checks_the_health_gives_up_before_the_engine_does() -> None:
    """So that it says why."""
    checks = re.findall(r"HEALTHCHECK .*--timeout=(\d+)s", DOCKERFILE)
    assert len(checks) == 3
    given_up_s = inspect.signature(Client).parameters["timeout_s"].default
    assert all(float(timeout_s) >= 2 * given_up_s for timeout_s in checks)


def test_all_that_is_installed_into_an_image_is_held_to_its_hash() -> None:
    installs = re.findall(r"pip .*install .*", DOCKERFILE)
    assert len(installs) == 5
    for install in installs:
        assert "--require-hashes -r" in install or "--no-deps --no-index" in install
    for lock in re.findall(r"COPY requirements/(\w+)\.txt", DOCKERFILE):
        assert (ROOT / "requirements" / f"{lock}.txt").exists()


def test_what_the_build_is_given_is_what_the_images_are_made_of() -> None:
    """Neither data nor tests, nor anything that lies in the folder by chance."""
    ignored, *rules = [
        line
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line and not line.startswith("#")
    ]
    assert ignored == "*"
    given = {rule[1:] for rule in rules if rule.startswith("!")}
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    assert {name.split("/")[0] for names in copied for name in names.split()} == given
