"""What a unit may see, as the plain values a proposal carries and back. Read by flows/units and flows/effects."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from conf.terms import FilingKind, OrganKind
from store.records.government import Unit, UnitScope


def access_values(kind: OrganKind, scope: UnitScope | None, *, is_open: bool) -> dict[str, Any]:
    """Plain values for `before` and `after` of a proposal; pages name them in views/contexts/desk.NAMES."""
    return {
        "organ": kind.value,
        "is_open": is_open,
        "is_limited": scope is not None,
        "all_companies": scope is None or scope.all_companies,
        "usccs": list(scope.usccs) if scope else [],
        "filing_kinds": [each.value for each in scope.filing_kinds] if scope else [],
        "document_kinds": list(scope.document_kinds) if scope else [],
        "until": scope.until.isoformat() if scope else "",
    }


def access_of(unit: Unit) -> dict[str, Any]:
    """The same of a unit as it stands."""
    return access_values(unit.kind, unit.scope, is_open=not unit.disabled)


def access_in(values: Mapping[str, Any]) -> tuple[OrganKind, UnitScope | None]:
    """Kind and scope out of a proposal's values."""
    kind = OrganKind(values["organ"])
    if not values["is_limited"]:
        return kind, None
    return kind, UnitScope(
        all_companies=values["all_companies"],
        usccs=tuple(values["usccs"]),
        filing_kinds=tuple(FilingKind(each) for each in values["filing_kinds"]),
        document_kinds=tuple(values["document_kinds"]),
        until=date.fromisoformat(values["until"]),
    )
