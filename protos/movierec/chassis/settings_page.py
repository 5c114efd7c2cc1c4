"""The page about settings, made from the classes that declare them."""

from collections.abc import Mapping

from movierec.chassis.legal import legal_values
from movierec.chassis.settings import PREFIX, ServiceSettings, told_settings

INTRODUCTION = """\
# Settings

Made from the classes by `make settings-page`; a test holds that it is current.

Each setting is a variable and a flag; a flag goes before a variable, and an empty variable leaves
the default. An unknown or malformed one stops the start, with a sentence that names it and what
would be legal. `--print-settings` prints what every setting is and where it comes from, as lines of
an environment file, and ends."""


def settings_page(services: Mapping[str, type[ServiceSettings]]) -> str:
    """The page, in Markdown.

    Args:
        services: The settings of each service, by what it is started as.
    """
    shared = told_settings(ServiceSettings)
    sections = [INTRODUCTION]
    for module, kind in services.items():
        own = [name for name in told_settings(kind) if name not in shared]
        rows = "\n".join(_row(kind, name) for name in (*own, *shared))
        sections.append(
            f"## `python -m {module}`\n\n{_sentence(kind.__doc__ or '')}\n\n"
            f"| variable | flag | default | legal | |\n|---|---|---|---|---|\n{rows}"
        )
    return "\n\n".join(sections) + "\n"


def _row(kind: type[ServiceSettings], name: str) -> str:
    field = kind.model_fields[name]
    default = "" if field.default is None else str(field.default)
    shown = f"`{default.lower() if default in {'True', 'False'} else default}`" if default else ""
    cells = (
        f"`{PREFIX}{name.upper()}`",
        f"`--{name.replace('_', '-')}`",
        shown,
        legal_values(kind, name),
        _sentence(field.description or ""),
    )
    return f"| {' | '.join(cells)} |"


def _sentence(text: str) -> str:
    return " ".join(text.split())
