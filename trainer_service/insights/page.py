"""The files of a report; its page is one of HTML that needs nothing else, and asks nobody.

Whatever stands in a data set is escaped, and the page's own policy forbids it to load
anything, so that no title can do anything but be read.
"""

import json
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from trainer_service.insights.report import Report

PARTS = Path(__file__).parent / "parts"
"""The template, the style and the scripts."""


def write_report(report: Report, folder: Path) -> None:
    """Writes a report's page, its numbers and its pictures.

    Raises:
        OSError: The folder does not take them.
    """
    files = {f"{report.name}.html": page_of(report)}
    files[f"{report.name}.json"] = f"{report.numbers.model_dump_json(indent=1)}\n"
    for section in report.sections:
        if picture := section.picture:
            files[f"{picture.name}.svg"] = picture.svg
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


def page_of(report: Report) -> str:
    """The page, as HTML."""
    return _environment().get_template("page.html").render(report=report)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(PARTS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["part"] = _part
    environment.policies["json.dumps_function"] = _json
    environment.globals["safe_svg"] = Markup
    return environment


@cache
def _part(name: str) -> Markup:
    """A style or a script of ours, as it is."""
    return Markup((PARTS / name).read_text(encoding="utf-8"))  # noqa: S704  # nobody else's


def _json(data: object, **_: object) -> str:
    """JSON as short as it can be; the template's filter escapes what HTML would take for its own.

    Letters stay letters, which as numbers would be up to four times as long. The two ends of
    lines that older scripts do not take within a text are escaped.
    """
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return text.replace("\u2028", r"\u2028").replace("\u2029", r"\u2029")
