"""What the deployment can be told, as `deploy/.env.example` says it.

The variables are those that compose.yaml names, with the defaults that it gives them, and
those settings of the services that it passes on.
"""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import yaml

from movierec.chassis.legal import legal_values
from movierec.chassis.settings import PREFIX, ServiceSettings, told_settings
from recommender_service.settings import RecommenderSettings
from trainer_service.settings import TrainerSettings

DEPLOY = Path(__file__).resolve().parent
COMPOSE = DEPLOY / "compose.yaml"
EXAMPLE = DEPLOY / ".env.example"
SERVICES: dict[str, type[ServiceSettings]] = {
    "trainer": TrainerSettings,
    "recommender": RecommenderSettings,
}
OF_THE_IMAGE = ("listen", "data_dir", "artifacts_dir", "control_dir", "runs_dir")
"""Settings that the images give: the ports and folders that compose.yaml refers to."""

WIDTH = 100
INTRODUCTION = """\
What the deployment can be told. Copy this file to .env, beside compose.yaml, and change that; \
every line is the default. Made from compose.yaml and the settings' classes by \
`make settings-page`; a test holds that it is current."""
MEANINGS = {
    "DEPLOY_DATA": "A folder that holds a folder for each data set, as a path that begins with / "
    "or ./; the trainer, which is no superuser, reads it, and writes nothing there. One that is "
    "not there is made by the engine, and is empty. Without one there is the sample, which is in "
    "the trainer's image.",
    "DEPLOY_BIND": "The address of this machine to listen on. Calls are neither encrypted nor "
    "checked: keep it on loopback, or behind something that does both.",
    "DEPLOY_TRAINER_PORT": "The trainer's port on this machine.",
    "DEPLOY_RECOMMENDER_PORTS": "The recommenders' ports on this machine, of which each replica "
    "takes one, and another when it is started anew: `docker compose port recommender 50052` says "
    "which.",
    "DEPLOY_TRAINER_MEMORY": "The most memory that the trainer gets. Training on 20 million "
    "ratings takes 1.6 GB at the default settings, and 3.4 GB with every movie.",
    "DEPLOY_TRAINER_CPUS": "The most cores that the trainer gets; no more than there are.",
    "DEPLOY_RECOMMENDERS": "How many recommenders there are, unless `--scale` says otherwise.",
    "DEPLOY_RECOMMENDER_MEMORY": "The most memory that each recommender gets.",
    "DEPLOY_RECOMMENDER_CPUS": "The most cores that each recommender gets; no more than there are.",
    "DEPLOY_STOP_GRACE_PERIOD": "After how long a service that is stopped is killed; longer than "
    "MOVIEREC_SHUTDOWN_GRACE_S.",
    "DEPLOY_TAG": "The tag of the images that are built and run.",
}


def env_example() -> str:
    """The file, as text."""
    sections = [_comment(INTRODUCTION)]
    compose = COMPOSE.read_text(encoding="utf-8")
    defaults = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", compose))
    # What stands for the volume of the sample is no folder.
    defaults["DEPLOY_DATA"] = ""
    sections += [_variable(name, MEANINGS[name], defaults.pop(name)) for name in MEANINGS]
    if defaults:
        raise ValueError(f"compose.yaml names {', '.join(defaults)}, of which nothing is said here")
    passed = passed_on()
    shared = told_settings(ServiceSettings)
    sections.append("# --- Both services ---")
    sections += _settings(ServiceSettings, [name for name in shared if name not in OF_THE_IMAGE])
    for service, kind in SERVICES.items():
        sections.append(f"# --- The {service} ---")
        sections += _settings(kind, [name for name in passed[service] if name not in shared])
    return "\n\n".join(sections) + "\n"


def passed_on() -> dict[str, list[str]]:
    """The settings that compose.yaml passes on to each service, by its name."""
    services = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))["services"]
    return {
        service: [
            name.removeprefix(PREFIX).lower()
            for name, value in services[service]["environment"].items()
            if value is None
        ]
        for service in SERVICES
    }


def _settings(kind: type[ServiceSettings], names: list[str]) -> Iterator[str]:
    for name in names:
        field = kind.model_fields[name]
        default = "" if field.default is None else str(field.default)
        meaning = f"{field.description} Legal: {legal_values(kind, name)}."
        yield _variable(
            f"{PREFIX}{name.upper()}",
            meaning,
            default.lower() if isinstance(field.default, bool) else default,
        )


def _variable(name: str, meaning: str, default: str) -> str:
    return f"{_comment(meaning)}\n{name}={default}"


def _comment(text: str) -> str:
    line = " ".join(text.split())
    return textwrap.fill(
        line, WIDTH, initial_indent="# ", subsequent_indent="# ", break_on_hyphens=False
    )
