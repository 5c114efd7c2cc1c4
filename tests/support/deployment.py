"""The compose deployment on a real engine, as an operator sees it: containers, images, volumes."""

import json
import os
import re
import shutil
import socket
import subprocess
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from support.servers import until

ROOT = Path(__file__).resolve().parents[2]
COMPOSE_FILE = ROOT / "deploy" / "compose.yaml"
ASKING = Path(__file__).with_name("asking_all_the_time.py")
BASE_IMAGE = "python:3.11-slim"
TAG = "e2e"
REPLICAS = 3
CONNECTION_AGE_S = 10
"""Short, so that connections end, and names are looked up again, while a test runs."""
STEP_S = 600.0
"""How long a build or a training may take; far more than they do."""

# As the compose file has containers be, for those that are started beside it.
HARDENED = ("--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges:true")


@cache
def compose_command() -> tuple[str, ...]:
    """What `COMPOSE` names; else Compose v2, where it is, else docker-compose."""
    if named := os.environ.get("COMPOSE"):
        return tuple(named.split())
    plugin = ("docker", "compose")
    if subprocess.run([*plugin, "version"], capture_output=True, check=False).returncode == 0:
        return plugin
    assert shutil.which("docker-compose"), "there is neither `docker compose` nor docker-compose"
    return ("docker-compose",)


def docker(*arguments: str, wait_s: float = STEP_S) -> str:
    """What the engine answers.

    Raises:
        AssertionError: It refuses; with what it says.
    """
    return said("docker", *arguments, wait_s=wait_s)


def said(
    *command: str,
    wait_s: float = STEP_S,
    environment: dict[str, str] | None = None,
    status: int = 0,
) -> str:
    """What a command says on standard output, without the last newline.

    Raises:
        AssertionError: It ends with another status; with all that it says.
    """
    ended = subprocess.run(
        command, capture_output=True, text=True, timeout=wait_s, env=environment, check=False
    )
    assert ended.returncode == status, f"{command}: {ended.stdout}\n{ended.stderr}"
    return ended.stdout.rstrip("\n")


def free_ports(count: int) -> range:
    """Ports in a row that nobody listens on."""
    for first in range(20_050, 30_000, count):
        with ExitStack() as stack:
            try:
                for port in range(first, first + count):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", port))
            except OSError:
                continue
            return range(first, first + count)
    raise AssertionError("no ports are free")


@dataclass(frozen=True)
class Container:
    """A container.

    Args:
        container_id: What the engine calls it.
    """

    container_id: str

    @property
    def state(self) -> Any:
        """How it stands, as the engine says."""
        return json.loads(docker("inspect", "--format={{json .State}}", self.container_id))

    @property
    def is_healthy(self) -> bool:
        """Whether its health check says so."""
        state = self.state
        return bool(state["Running"] and state["Health"]["Status"] == "healthy")

    def wait_until_healthy(self) -> None:
        """Waits for its next health check that is a good one, which takes ten seconds and more."""
        until(lambda: self.is_healthy, bool, STEP_S)

    def wait_until_live(self) -> None:
        """Waits until what its health check runs says so, as soon as it does."""
        config = json.loads(docker("inspect", "--format={{json .Config}}", self.container_id))
        _, *check = config["Healthcheck"]["Test"]
        ask = ("docker", "exec", self.container_id, *check)
        until(
            lambda: subprocess.run(ask, capture_output=True, check=False).returncode,
            lambda status: status == 0,
            STEP_S,
        )

    @property
    def host_config(self) -> Any:
        """What it was started with."""
        return json.loads(docker("inspect", "--format={{json .HostConfig}}", self.container_id))

    def run(self, *command: str) -> str:
        """What a command says that is run inside."""
        return docker("exec", self.container_id, *command)

    def calls(self, method: str) -> int:
        """How many calls of a method it has logged."""
        logged = subprocess.run(
            ["docker", "logs", self.container_id], capture_output=True, text=True, check=True
        ).stderr
        return logged.count(f'"movierec.v1.RecommenderService/{method}"')

    def restart(self) -> None:
        """Stops it in order, and starts it again."""
        docker("restart", self.container_id)

    def kill_process(self) -> None:
        """Kills its main process, as the kernel does, and waits until another one runs.

        `docker kill` would be an operator's wish, after which nothing is started again.
        """
        before = self.state
        kill = f"import os; os.kill({before['Pid']}, 9)"
        machine = ("--pid=host", "--user=0", "--entrypoint=python", f"movierec-client:{TAG}")
        docker("run", "--rm", *machine, "-c", kill)
        until(
            lambda: self.state,
            lambda state: state["Running"] and state["StartedAt"] != before["StartedAt"],
        )


class Deployment:
    """A deployment of its own, beside any other on the engine.

    Args:
        project: What compose calls it.
        folder: For its environment file.
        command: Compose, if not the one that is there.
    """

    def __init__(self, project: str, folder: Path, command: Sequence[str] = ()) -> None:
        self.project = project
        self._command = command or compose_command()
        trainer, *recommenders = free_ports(1 + 3 * REPLICAS)
        self.trainer_port = trainer
        self._variables = {
            "DEPLOY_TAG": TAG,
            "DEPLOY_TRAINER_PORT": str(trainer),
            "DEPLOY_RECOMMENDER_PORTS": f"{recommenders[0]}-{recommenders[-1]}",
            "MOVIEREC_CONNECTION_AGE_S": str(CONNECTION_AGE_S),
        }
        # Instead of what whoever runs this has set up for a deployment of theirs.
        self._no_file = folder / "no.env"
        self._no_file.touch()

    def compose(self, *arguments: str, variables: Mapping[str, str] | None = None) -> str:
        """What compose says.

        Args:
            *arguments: The command.
            variables: More of what can be set in `.env`.
        """
        machine = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MOVIEREC_", "DEPLOY_", "COMPOSE_"))
        }
        return said(
            *(*self._command, "--file", str(COMPOSE_FILE), "--env-file", str(self._no_file)),
            *("--project-name", self.project, *arguments),
            environment=machine | self._variables | dict(variables or {}),
        )

    def containers(self, service: str) -> list[Container]:
        """The containers of a service that run."""
        # Of all that match, in no order that is promised.
        listed = docker(
            *("ps", "--quiet", "--no-trunc"),
            *("--filter", f"label=com.docker.compose.project={self.project}"),
            *("--filter", f"label=com.docker.compose.service={service}"),
        )
        return [Container(name) for name in sorted(listed.split())]

    def container(self, service: str) -> Container:
        """The one container of a service."""
        (found,) = self.containers(service)
        return found

    def up(self, *arguments: str, **variables: str) -> None:
        """Brings up what is not, and waits until all of it is live."""
        self.compose("up", "--detach", *arguments, variables=variables)
        for service in ("trainer", "recommender"):
            for container in self.containers(service):
                container.wait_until_live()

    def client_command(self, *options: str) -> list[str]:
        """What starts a container of the client's image in the deployment's network.

        Without compose, which waits for every service's next health check first.
        """
        return [
            *("docker", "run", "--rm", *HARDENED, f"--network={self.project}_default"),
            *("--env=MOVIEREC_TRAINER=trainer:50051", *options),
            *("--env=MOVIEREC_RECOMMENDER=dns:///recommender:50052", f"movierec-client:{TAG}"),
        ]

    def movierec(self, *arguments: str, status: int = 0) -> str:
        """What the command says, from inside the network."""
        return said(*self.client_command(), *arguments, status=status)

    def objects(self, *arguments: str) -> list[Any]:
        """The same with `--json`, read."""
        return [json.loads(line) for line in self.movierec(*arguments, "--json").splitlines()]

    def train(self, dataset: str, *arguments: str) -> int:
        """Trains, waits until every replica serves the new version, and returns its number."""
        said = self.objects("train", dataset, "--min-ratings=50", "--wait", *arguments)
        (version,) = {line["version"] for line in said if line.get("version")}
        return int(version)

    def serving_version(self) -> int | None:
        """Which version all replicas serve, if it is the same; None otherwise."""
        *_, fleet = self.objects("versions")
        serving = {replica["serving_version"] for replica in fleet["replicas"]}
        return serving.pop() if len(serving) == 1 else None


@dataclass
class Load:
    """What clients that asked all the time have seen; complete once they have stopped."""

    calls: int = 0
    versions: list[int] = field(default_factory=list)
    """In order."""
    errors: list[str] = field(default_factory=list)


@contextmanager
def asked_all_the_time(deployment: Deployment) -> Iterator[Load]:
    """Has clients inside the network ask for recommendations until the end; they have begun."""
    script = ASKING.read_text(encoding="utf-8")
    command = [*deployment.client_command("--interactive", "--entrypoint=python"), "-c", script]
    load = Load()
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as clients:
        assert clients.stdout
        assert clients.stdout.readline() == "answered\n"
        yield load
        told = json.loads(clients.communicate(timeout=STEP_S)[0])
    load.calls, load.versions, load.errors = told["calls"], told["versions"], told["errors"]


@contextmanager
def deployed(folder: Path, *, project: str, command: Sequence[str] = ()) -> Iterator[Deployment]:
    """Brings the services up, from images that are there; takes all else away at the end.

    Args:
        folder: A folder for this deployment; its services' logs are left there.
        project: Tells it from others.
        command: Compose, if not the one that is there.
    """
    deployment = Deployment(f"movierec-{project}-{os.getpid()}", folder, command)
    try:
        deployment.up()
        yield deployment
    finally:
        (folder / "services.log").write_text(deployment.compose("logs", "--no-color"))
        deployment.compose("--profile", "client", "down", "--volumes", "--remove-orphans")


def image(target: str) -> Any:
    """An image, as the engine describes it."""
    (found,) = json.loads(docker("image", "inspect", target))
    return found


def project_version() -> str:
    """The version of the distribution, as `pyproject.toml` says."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    version: str = project["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    return version
