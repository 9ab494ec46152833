"""What the flows of the paper side share: numbers and barcodes, steps of histories, a change with its evidence."""

import re
import secrets
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from conf.clock import beijing
from conf.errors import Invalid
from conf.terms import AuditTag
from handlers.flows.ordering import Trace
from store.ids import SIGNS
from store.records import Staff
from store.records.paper import PaperStep, Volume

if TYPE_CHECKING:
    from store import Store

T = TypeVar("T")
#: A volume's barcode, ours or one that was on the box before. `L-` begins the code of a place.
BARCODE = re.compile(r"(?!L-)[A-Z0-9][A-Z0-9-]{3,23}")
NO_VOLUME = "没有这个条码的档案，请核对后重新扫描。"


def new_number(prefix: str, now: datetime) -> str:
    """`YJ20261121-7K3M9Q`: kind, Beijing date, six signs; also what stands in a volume's barcode (`V`)."""
    return f"{prefix}{beijing(now):%Y%m%d}-" + "".join(secrets.choice(SIGNS) for _ in range(6))


def scanned(code: str) -> str:
    """A code as a reader or a hand gave it: capitals, no blanks."""
    return "".join(code.split()).upper()


def step(by: Staff, now: datetime, what: str, note: str = "") -> PaperStep:
    return PaperStep(at=now, by=by.id, name=by.name, what=what, note=note)


def said(value: str, name: str, what: str, *, most: int = 200) -> str:
    """A sentence somebody must give. Raises Invalid naming the field."""
    value = value.strip()
    if not 2 <= len(value) <= most:
        raise Invalid({name: f"请填写{what}，2 至 {most} 字。"})
    return value


async def the_volume(store: "Store", code: str, field: str = "barcode") -> Volume:
    """The volume of a barcode. Raises Invalid saying so when there is none."""
    volume = await store.paper.volume(scanned(code)[:40])
    if volume is None:
        raise Invalid({field: NO_VOLUME})
    return volume


async def recorded(
    store: "Store",
    work: Callable[[Any], Awaitable[T]],
    tag: AuditTag,
    subject: str,
    fields: dict[str, Any],
    *,
    now: datetime,
    trace: Trace,
) -> T:
    """Do `work(tx)` and write its audit event in the same transaction."""

    async def both(tx: Any) -> T:
        done = await work(tx)
        await store.audit.append(tag=tag, subject=subject, outcome="done", fields=fields, at=now, tx=tx, **trace)
        return done

    return await store.atomically(both)
