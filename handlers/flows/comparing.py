"""Our register beside the sharing platform's: fetched, compared item by item, differences kept for staff.

Nothing here ever writes to the register. Called by the staff pages and, after an order, by background work.
"""

import hashlib
import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from adapters.sharing import SharedCompany
from conf.clock import beijing
from conf.errors import Conflict, Invalid, NotFound
from conf.han import plain
from conf.terms import AuditTag, Channel, DifferenceState, OutboxKind
from store.outbox import new_message
from store.records import Company, Comparison, Difference, Staff

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

Trace = Mapping[str, Any]
BY_SYSTEM: Trace = {"who": "", "role": "system", "channel": Channel.WORKER, "request_id": "", "address": ""}
SHORTEST_REASON, LONGEST_REASON = 5, 500
COMPARED, NOT_FOUND = "compared", "not_found"

_AMOUNT = re.compile(r"(?P<number>\d[\d,]*(?:\.\d+)?)(?P<unit>[万亿]?)(?P<currency>.*)")
_UNITS = {"": Decimal(1), "万": Decimal(10_000), "亿": Decimal(100_000_000)}


def amount(text: str) -> str:
    """A sum as registered in comparable form: `1,000.00万元人民币`, `1000万元` and `10000000元` are the same.

    A sum without currency is in yuan; a text that is no sum is compared as it stands.
    """
    bare = re.sub(r"\s", "", unicodedata.normalize("NFKC", text))
    found = _AMOUNT.fullmatch(bare)
    if not found:
        return bare
    currency = found["currency"].replace("人民币", "").strip("()元圆") or "人民币"
    value = Decimal(found["number"].replace(",", "")) * _UNITS[found["unit"]]
    return f"{value.normalize():f} {currency}"


def code(text: str) -> str:
    """A number without blanks, upper case."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text)).upper()


#: Item → how two texts of it are made comparable. The names are those of both records.
ITEMS: dict[str, Callable[[str], str]] = {
    "name": plain,
    "reg_no": code,
    "entity_type": plain,
    "status": str,
    "legal_representative": plain,
    "capital": amount,
    "established_on": str,
    "term_to": str,
    "domicile": plain,
    "scope": plain,
    "registry": plain,
}


def differences(ours: Company, theirs: SharedCompany, *, now: datetime) -> tuple[Difference, ...]:
    """Items the two have otherwise, both texts as they stand. What the platform does not give is not compared."""
    found = []
    for item, comparable in ITEMS.items():
        mine, other = _text(getattr(ours, item)), _text(getattr(theirs, item))
        if other and comparable(mine) != comparable(other):
            mark = "\n".join((ours.uscc, item, comparable(mine), comparable(other)))
            found.append(
                Difference(
                    id=hashlib.sha256(mark.encode()).hexdigest()[:32],
                    uscc=ours.uscc,
                    company_name=ours.name,
                    item=item,
                    ours=mine,
                    theirs=other,
                    first_seen_at=now,
                    seen_at=now,
                    state=DifferenceState.OPEN,
                )
            )
    return tuple(found)


async def compare(
    store: "Store", adapters: "Adapters", uscc: str, *, reference: str, now: datetime, trace: Trace = BY_SYSTEM
) -> Comparison:
    """Ask the platform and keep what differs; the audit has each comparison.

    Raises NotFound (no such company of ours), ProviderRejected, ProviderUnavailable.
    """
    if await store.companies.by_uscc(uscc) is None:
        raise NotFound(uscc)
    theirs = await adapters.sharing.company(uscc, reference=reference)
    ours = await store.companies.by_uscc(uscc)  # as it is now: the question may have taken a while
    if ours is None:
        raise NotFound(uscc)
    found = differences(ours, theirs, now=now) if theirs else ()
    outcome = COMPARED if theirs else NOT_FOUND
    made = Comparison(uscc=uscc, company_name=ours.name, at=now, outcome=outcome, differing=len(found), open=0)

    async def work(tx: Any) -> None:
        await store.differences.note(made, found, tx)
        fields = {"outcome": outcome, "differing": len(found)}
        await store.audit.append(
            tag=AuditTag.COMPANY_COMPARED, subject=uscc, outcome=outcome, fields=fields, at=now, tx=tx, **trace
        )

    await store.atomically(work)
    return made


async def settle(
    store: "Store", uscc: str, difference_id: str, *, staff: Staff, reason: str, now: datetime, trace: Trace
) -> Difference:
    """Mark one difference as dealt with. Raises Invalid (reason), Conflict (not open any more, another company's)."""
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise Invalid({"reason": f"请写明怎样处理的（{SHORTEST_REASON} 到 {LONGEST_REASON} 个字）。"})

    async def work(tx: Any) -> Difference:
        by = f"staff:{staff.id}"
        settled = await store.differences.settle(difference_id, by=by, reason=reason, at=now, tx=tx)
        if settled is None or settled.uscc != uscc:
            raise Conflict("这处不同已经处理过了。")
        await store.audit.append(
            tag=AuditTag.DIFFERENCE_SETTLED, subject=uscc, outcome="done", fields={"item": settled.item}, at=now,
            tx=tx, **trace,
        )  # fmt: skip
        return settled

    return await store.atomically(work)


async def queue(store: "Store", uscc: str, *, now: datetime, tx: Any) -> None:
    """Have the company compared in the background: once a Beijing day, however often it is ordered."""
    reference = f"comparison.{uscc}.{beijing(now):%Y%m%d}"
    message = new_message(OutboxKind.COMPARISON, reference, now=now, body={"uscc": uscc})
    await store.outbox.put(message, tx)


def _text(value: Any) -> str:
    """An item as text: a date as ISO, a state by its value, nothing as empty."""
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date) else str(value)
