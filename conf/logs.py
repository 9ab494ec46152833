"""Structured logs: colour for people, JSON lines for production, nothing personal in either.

`log.info("order_ready", order_no=…)`: a static event, values as fields. The request id is bound by the base handler.
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
#: Values that look like a citizen id or a mobile number are cut out of any text.
_PERSONAL = re.compile(r"(?<!\d)(\d{17}[\dXx]|1[3-9]\d{9})(?!\d)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")


def scrub(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop personal fields and digits that look personal; flatten control characters so one event is one line."""
    for key, value in list(event.items()):
        if key in SCRUBBED_FIELDS:
            event[key] = "***"
        elif isinstance(value, str) and key not in {"exception", "timestamp", "level", "event"}:
            event[key] = _CONTROL.sub(" ", _PERSONAL.sub("***", value))
    return event


def _stamp(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    event["timestamp"] = utc_now().isoformat(timespec="milliseconds")
    return event


def setup_logs(*, style: Literal["console", "json"], level: str, stream: Any = None) -> logging.handlers.QueueListener:
    """Route every log line through one queue, so that a slow disk never blocks the loop.

    Returns the listener; stop it at exit to flush what is queued.
    """
    shared = [structlog.contextvars.merge_contextvars, structlog.stdlib.add_log_level, _stamp, scrub]
    out = stream or sys.stderr
    final: Any = (
        structlog.dev.ConsoleRenderer(colors=bool(getattr(out, "isatty", lambda: False)()))
        if style == "console"
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, final],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level.upper())),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    sink: queue.Queue[Any] = queue.Queue(-1)
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)
    writer = logging.StreamHandler(out)
    writer.setFormatter(logging.Formatter("%(message)s"))
    root.addHandler(logging.handlers.QueueHandler(sink))
    root.setLevel(level.upper())
    for noisy in ("tornado.access", "httpx", "httpcore", "pymongo", "weasyprint", "fontTools", "pyhanko", "PIL"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    logging.getLogger("tornado.access").disabled = True
    listener = logging.handlers.QueueListener(sink, writer, respect_handler_level=False)
    listener.start()
    return listener


def get_log(room: str) -> Any:
    """A logger whose lines carry the room's name."""
    return structlog.get_logger(room).bind(room=room)
