"""All addresses of the service, joined from the route lists at the foot of the handler modules; for application.py."""

from importlib import import_module
from typing import Any

from tornado.web import URLSpec

#: Modules with a `ROUTES` list of (pattern, handler) or (pattern, handler, kwargs), in the order they are tried.
MODULES = (
    "handlers.search",
    "handlers.companies",
    "handlers.lookers",
    "handlers.dossiers",
    "handlers.pageviews",
    "handlers.tasks",
    "handlers.extract",
    "handlers.orders",
    "handlers.answers",
    "handlers.copies",
    "handlers.copy_check",
    "handlers.ratings",
    "handlers.verify",
    "handlers.signin",
    "handlers.enter",
    "handlers.licence_signin",
    "handlers.staff.signin",
    "handlers.staff.desk",
    "handlers.staff.orders",
    "handlers.staff.evidence",
    "handlers.staff.companies",
    "handlers.staff.tasks",
    "handlers.staff.copies",
    "handlers.staff.outbox",
    "handlers.staff.system",
    "handlers.staff.audit",
    "handlers.staff.numbers",
    "handlers.staff.investment",
    "handlers.staff.ratings",
    "handlers.staff.differences",
    "handlers.staff.accounts",
    "handlers.staff.tuning",
    "handlers.staff.notices",
    "handlers.staff.rules",
    "handlers.staff.seals",
    "handlers.staff.paper_shelves",
    "handlers.staff.paper_handover",
    "handlers.staff.paper_loans",
    "handlers.staff.paper_destruction",
    "handlers.staff.government",
    "handlers.staff.government_checks",
    "handlers.government.signin",
    "handlers.government.cases",
    "handlers.government.looking",
    "handlers.government.batches",
    "handlers.kiosk",
    "handlers.callbacks",
    "handlers.pages",
    "handlers.ops",
)


def all_routes() -> list[URLSpec]:
    """Every route; the handler learns its own pattern, which log and metrics use instead of the path."""
    return [_spec(*route) for name in MODULES for route in import_module(name).ROUTES]


def _spec(pattern: str, handler: type, kwargs: dict[str, Any] | None = None) -> URLSpec:
    return URLSpec(pattern, handler, {"route": pattern, **(kwargs or {})})
