"""Structured logs: colour for people, JSON lines for production, nothing personal in either.

`log.info("order_ready", order_no=…)`: a static event, values as fields. The request id is bound by the base handler.
Lines of other packages (pymongo, tornado …) take the same way out, so a log file is one event a line throughout.
"""

import logging
import logging.handlers
import queue
import re
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from conf.clock import utc_now

#: Field names that never reach a log, whatever their value.
SCRUBBED_FIELDS = frozenset(
    {"id_number", "phone", "mail", "email", "token", "code", "secret", "password", "cookie", "authorization", "name"}
)
#: Packages that talk too much below a warning.
QUIET_PACKAGES = (
    "tornado.access",
    "tornado.general",  # would quote a malformed header, whatever stands in it
    "httpx",
    "httpcore",
    "pymongo",
    "weasyprint",
    "fontTools",
    "pyhanko",
    "pikepdf",
    "PIL",
)
#: Values that look like a citizen id or a mobile number are cut out of any text.
_PERSONAL = re.compile(r"(?<!\d)(\d{17}[\dXx]|1[3-9]\d{9})(?!\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_OURS = frozenset({"timestamp", "level", "exc_info", "exception", "_record", "_from_structlog"})


class _AsItIs(logging.handlers.QueueHandler):
    """Hands the record on untouched: the fields are laid out as text only on the writer's thread."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record


def scrub(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop personal fields and digits that look personal; flatten control characters so one event is one line."""
    for key, value in list(event.items()):
        if key in SCRUBBED_FIELDS:
            event[key] = "***"
        elif key not in _OURS and isinstance(value, str):
            event[key] = _CONTROL.sub(" ", _PERSONAL.sub("***", value))
    return event


def setup_logs(*, style: Literal["console", "json"], level: str, stream: Any = None) -> logging.handlers.QueueListener:
    """Route every log line, ours and other packages', through one queue, so that a slow disk never blocks the loop.

    Returns the listener; stop it at exit to flush what is queued.
    """
    out = stream or sys.stderr
    shared: list[Any] = [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, _stamp, _hold, scrub]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    writer = logging.StreamHandler(out)
    writer.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_layout(style, out)],
        )
    )
    sink: queue.SimpleQueue[Any] = queue.SimpleQueue()
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    root.addHandler(_AsItIs(sink))
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for noisy in QUIET_PACKAGES:
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("tornado.access").disabled = True
    listener = logging.handlers.QueueListener(sink, writer, respect_handler_level=False)
    listener.start()
    return listener


def get_log(room: str) -> Any:
    """A logger whose lines carry the room's name. May be made at import: it looks for its settings when it speaks."""
    return structlog.get_logger(room, room=room)


def _layout(style: Literal["console", "json"], out: Any) -> list[Any]:
    if style == "console":
        # a plain traceback: the richer one prints local variables, and those may be somebody's name or number
        colors = bool(getattr(out, "isatty", lambda: False)())
        return [structlog.dev.ConsoleRenderer(colors=colors, exception_formatter=structlog.dev.plain_traceback)]
    return [
        structlog.processors.format_exc_info,
        _scrub_trace,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _scrub_trace(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    if isinstance(event.get("exception"), str):
        event["exception"] = _PERSONAL.sub("***", event["exception"])
    return event


def _hold(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """`exc_info=True` means the fault of this thread, now; the writer's thread could not know it."""
    if event.get("exc_info") is True:
        event["exc_info"] = sys.exc_info()
    return event


def _stamp(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = utc_now().isoformat(timespec="milliseconds")
    return event
