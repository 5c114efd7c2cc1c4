"""Settings: one frozen class a service, read from variables and flags.

Each field declares its type, bounds, default and meaning once; the variable
`MOVIEREC_<FIELD>` and the flag `--<field>` follow from its name. A flag goes
before a variable. An unknown or malformed one stops the service at its start,
with a sentence that names it and what would be legal.
"""

import difflib
import os
import shlex
import sys
from collections.abc import Sequence
from typing import Annotated, Literal, TypeVar

from pydantic import AfterValidator, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from movierec.chassis.legal import violations

PREFIX = "MOVIEREC_"

KNOWN_VARIABLES = frozenset(
    f"{PREFIX}{name}"
    for name in (
        "ARTIFACTS_DIR",
        "CHUNK_SIZE",
        "CONNECTION_AGE_S",
        "CONTROL_DIR",
        "DATA_DIR",
        "DOWNLOAD_URL",
        "KEEP_FOR_S",
        "KEEP_VERSIONS",
        "KEEP_WEIGHTS_S",
        "LISTEN",
        "LOADED_VERSIONS",
        "LOG_FORMAT",
        "LOG_LEVEL",
        "MAX_AGE_S",
        "MAX_BAD_ROW_SHARE",
        "METRICS_LISTEN",
        "POLL_INTERVAL_S",
        "RECOMMENDATION_LOG",
        "RECOMMENDER",
        "REFLECTION",
        "REMEMBERED_MB",
        "REPORTS",
        "RUNS_DIR",
        "SHUTDOWN_GRACE_S",
        "TENSORBOARD",
        "TRAINER",
        "WORKERS",
    )
)
"""Every variable of the whole product: one environment file may set up all its
parts, so a service passes over the others' but not over a misspelt one."""


def _address(value: str) -> str:
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdigit()) or int(port) > 65_535:
        raise ValueError("legal is HOST:PORT, e.g. 0.0.0.0:50051; port 0 takes a free one")
    return value


Address = Annotated[str, AfterValidator(_address), Field(json_schema_extra={"format": "address"})]
"""HOST:PORT."""


class ServiceSettings(BaseSettings):
    """What both services can be told."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        frozen=True,
        extra="forbid",
        cli_kebab_case=True,
        cli_implicit_flags=True,
        cli_hide_none_type=True,
        use_attribute_docstrings=True,
    )

    listen: Address
    """HOST:PORT to serve on; port 0 takes a free one."""

    shutdown_grace_s: Annotated[float, Field(ge=0, le=3600)] = 8.0
    """Seconds that streams under way have to finish after SIGTERM or SIGINT;
    keep it below the time after which the container engine kills (Docker: 10)."""

    reflection: bool = True
    """Whether to answer gRPC server reflection, which grpcurl uses."""

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least severe log lines to print, on standard error; at info, one for each call."""

    log_format: Literal["auto", "console", "json"] = "auto"
    """How they look: JSON, or for people; auto is for people on a terminal and JSON elsewhere."""

    metrics_listen: Address | None = None
    """HOST:PORT to answer Prometheus on, at /metrics; port 0 takes a free one, and the log says
    which; calls are not counted if not given."""

    print_settings: Annotated[bool, Field(exclude=True)] = False
    """Print what every setting is and where it comes from, and end."""


SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


def load_settings(
    kind: type[SettingsT], program: str, arguments: Sequence[str] | None = None
) -> SettingsT:
    """Reads a service's settings, or ends the process with a sentence.

    Args:
        kind: The service's class of settings.
        program: How the service is started, for its `--help`.
        arguments: The flags; those of the process if not given.

    Raises:
        SystemExit: An unknown or malformed variable or flag, `--help`, or
            `--print-settings`.
    """
    unknown = [
        _unknown_variable(name, kind)
        for name in sorted(os.environ)
        # In any case: pydantic-settings takes `movierec_listen`, too.
        if name.upper().startswith(PREFIX) and name.upper() not in KNOWN_VARIABLES
    ]
    if unknown:
        sys.exit("\n".join(unknown))
    flags = list(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = kind(_cli_parse_args=flags, _cli_prog_name=program)
    except ValidationError as error:
        sys.exit("\n".join(_bad_setting(v.field, v.description) for v in violations(error, kind)))
    if settings.print_settings:
        sys.stdout.write("".join(f"{line}\n" for line in _printed(settings, flags)))
        sys.exit(0)
    return settings


def told_settings(kind: type[ServiceSettings]) -> list[str]:
    """The fields that a service can be told with a variable, in order."""
    return [name for name, field in kind.model_fields.items() if not field.exclude]


def _printed(settings: ServiceSettings, flags: Sequence[str]) -> list[str]:
    """Every setting as a line of an environment file, with where it comes from."""
    named = {flag.partition("=")[0].removeprefix("--").removeprefix("no-") for flag in flags}
    lines = {}
    for name in told_settings(type(settings)):
        value = getattr(settings, name)
        text = "" if value is None else str(value)
        if isinstance(value, bool):
            text = text.lower()
        source = "default"
        if name.replace("_", "-") in named:
            source = "flag"
        elif name in settings.model_fields_set:
            source = "variable"
        lines[f"{PREFIX}{name.upper()}={shlex.quote(text) if text else ''}"] = source
    width = max(map(len, lines))
    return [f"{line:<{width}}  # {source}" for line, source in lines.items()]


def _unknown_variable(name: str, kind: type[ServiceSettings]) -> str:
    legal = sorted(f"{PREFIX}{field.upper()}" for field in told_settings(kind))
    nearest = difflib.get_close_matches(name.upper(), legal, n=1)
    hint = f"did you mean {nearest[0]}? " if nearest else ""
    return f"{name}: there is no such setting; {hint}There are {', '.join(legal)}"


def _bad_setting(field: str, description: str) -> str:
    return f"{PREFIX}{field.upper()} (--{field.replace('_', '-')}): {description}"
