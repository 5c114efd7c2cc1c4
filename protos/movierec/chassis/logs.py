"""How log lines look: JSON for machines, colours for people; all that is logged goes one way."""

import logging
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal, Self

import structlog
from structlog.typing import Processor

from movierec.chassis.call import CURRENT
from movierec.chassis.log_writer import Line, LogWriter

LogFormat = Literal["auto", "console", "json"]


def set_up_logs(level: str, form: LogFormat, who: str = "") -> None:
    """Has all that is logged be printed on standard error.

    Args:
        level: The least severe lines to print.
        form: How they look; `auto` is `console` on a terminal and `json` elsewhere.
        who: Which of several processes this is, said in each line.
    """
    if form == "auto":
        form = "console" if sys.stderr.isatty() else "json"
    logging.basicConfig(level=level.upper(), handlers=[LineHandler(form, who)], force=True)
    # Each with a traceback, at a message that was on its way when its reader left.
    logging.getLogger("grpc._cython.cygrpc").addFilter(_is_no_hang_up)


class LineHandler(logging.Handler):
    """Makes records lines, and has them be written.

    Args:
        form: How they look.
        who: Which of several processes this is; empty if there is one.
    """

    def __init__(self, form: LogFormat, who: str = "") -> None:
        super().__init__()
        self._who = {"process": who} if who else {}
        self.is_json = form == "json"
        self._renderer: Processor = structlog.processors.JSONRenderer(ensure_ascii=False)
        if not self.is_json:
            # Others show what variables hold, among which there may be secrets.
            self._renderer = structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            )
        self.setFormatter(self._formatter())
        self._writer = LogWriter(sys.stderr.fileno(), self._lost)

    @classmethod
    def installed(cls) -> Self | None:
        """The one that prints what is logged, if `set_up_logs` was called."""
        return next((some for some in logging.root.handlers if isinstance(some, cls)), None)

    def emit(self, record: logging.LogRecord) -> None:
        """Has a record be written; see `logging.Handler`."""
        try:
            self.put(f"{self.format(record)}\n")
        except Exception:  # noqa: BLE001  # as every handler does
            self.handleError(record)

    def put(self, line: Line) -> None:
        """Has a line be written that was made elsewhere."""
        self._writer.put(line)

    def rendered(self, fields: Mapping[str, Any]) -> str:
        """A line of these fields, with its line feed; "event" is its sentence."""
        return f"{self._renderer(None, '', {**fields, **self._who})!s}\n"

    def close(self) -> None:
        """Waits for the last lines to be written; see `logging.Handler`."""
        self._writer.close()
        super().close()

    def _formatter(self) -> logging.Formatter:
        finish: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
        if self.is_json:
            finish.append(structlog.processors.format_exc_info)
        return structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[_basics, lambda _, __, fields: {**fields, **self._who}],
            processors=[*finish, self._renderer],
        )

    def _lost(self, count: int) -> str:
        return self.rendered(
            {
                "timestamp": timestamp(datetime.now(UTC).timestamp()),
                "level": "warning",
                "logger": __name__,
                "event": f"{count} lines before this one were lost: nobody read them in time",
            }
        )


def timestamp(seconds: float) -> str:
    """A time as lines have it, in UTC.

    Args:
        seconds: Since 1970.
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"


def _basics(_: Any, __: str, fields: Any) -> Any:
    """What every line begins with, and the call in which it was logged."""
    record: logging.LogRecord = fields["_record"]
    basics = {
        "timestamp": timestamp(record.created),
        "level": record.levelname.lower(),
        "logger": record.name,
    }
    call = CURRENT.get(None)
    if call is not None and call.request_id:
        basics |= {"method": call.method.name, "request_id": call.request_id}
        if call.trace_id:
            basics["trace_id"] = call.trace_id
    return basics | fields


def _is_no_hang_up(record: logging.LogRecord) -> bool:
    """Whether a record is none of those that grpc makes of a client that went away."""
    return "ExecuteBatchError" not in record.getMessage()
