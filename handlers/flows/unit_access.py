"""What a unit may see and how its users stand, as the plain values of a proposal. Read by the flows of units."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from conf.terms import FilingKind, OrganKind
from store.records.government import Unit, UnitScope, UnitUser

#: How a user stands once a reset is approved.
RESET = {"is_open": True, "credentials": "全部作废，由本人通过开通链接重新设置"}


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


def user_state(user: UnitUser) -> dict[str, Any]:
    """How a user stands: what a reset was proposed about must still be so when it is approved."""
    credentials = "现有口令、动态码和恢复码" if user.password_hash else "尚未设置"
    return {"is_open": not user.disabled, "credentials": credentials}
