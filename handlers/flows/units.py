"""Units of the government network: kept by one person, opened by two. Called by the staff pages."""

import ipaddress
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from conf import masks
from conf.access import rules_at
from conf.clock import beijing, day_given
from conf.codes import is_uscc
from conf.errors import Conflict, Invalid, NotFound
from conf.terms import AuditTag, FilingKind, OrganKind, ProposalKind
from handlers.flows import approving
from handlers.flows.ordering import Trace
from handlers.flows.unit_access import access_of, access_values
from store import Store
from store.ids import sortable_id
from store.records import Staff
from store.records.government import Unit, UnitScope
from store.records.office import Proposal

MOST_COMPANIES = 2000
MOST_KINDS = 50
_PHONE = re.compile(r"[0-9+\- ]{7,20}")


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitForm:
    """A unit as it was filled in."""

    name: str = ""
    uscc: str = ""
    kind: str = ""
    contact: str = ""
    phone: str = ""
    networks: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessForm:
    """What a unit shall see, as it was filled in; `reach` is "rules", "all" or "listed"."""

    kind: str = ""
    reach: str = ""
    usccs: str = ""
    filing_kinds: tuple[str, ...] = ()
    document_kinds: str = ""
    until: str = ""
    reason: str = ""


async def add_unit(store: Store, form: UnitForm, *, now: datetime, trace: Trace) -> Unit:
    """Keep a new unit, shut until its access is approved. Raises Invalid by field."""
    faults = _faults(form)
    if not is_uscc(form.uscc):
        faults["uscc"] = "请填写 18 位统一社会信用代码，校验位要正确。"
    if form.kind not in set(OrganKind):
        faults["kind"] = "请选择机关类别。"
    if faults:
        raise Invalid(faults)
    unit = Unit(
        id=sortable_id(now), name=form.name, uscc=form.uscc, kind=OrganKind(form.kind),
        contact=store.vault.conceal(form.contact, masks.name(form.contact)),
        phone=store.vault.conceal(form.phone, masks.phone(form.phone)),
        networks=form.networks, scope=None, disabled=True, created_at=now,
    )  # fmt: skip
    try:
        await _with_trace(store, unit.id, "added", lambda tx: store.units.add(unit, tx), now=now, trace=trace)
    except Conflict:
        raise Invalid({"uscc": "这个代码的单位已经登记。"}) from None
    return unit


async def change_unit(store: Store, unit: Unit, form: UnitForm, *, now: datetime, trace: Trace) -> None:
    """Name, contact and networks; code and kind stay. Raises Invalid by field."""
    if faults := _faults(form):
        raise Invalid(faults)
    contact = store.vault.conceal(form.contact, masks.name(form.contact))
    phone = store.vault.conceal(form.phone, masks.phone(form.phone))

    async def work(tx: Any) -> None:
        await store.units.change(unit.id, tx, name=form.name, contact=contact, phone=phone, networks=form.networks)

    await _with_trace(store, unit.id, "changed", work, now=now, trace=trace)


async def shut_unit(store: Store, unit: Unit, *, now: datetime, trace: Trace) -> None:
    """Nobody of the unit gets in from this moment on; opening it again is a change of access with two people."""
    await _with_trace(store, unit.id, "shut", lambda tx: store.units.shut(unit.id, tx), now=now, trace=trace)


async def propose_access(
    store: Store, unit: Unit, form: AccessForm, *, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Propose what the unit may see; somebody with `settings:approve` decides. Raises Invalid by field, Conflict."""
    kind, scope = _access(form, now)
    return await approving.propose(
        store, ProposalKind.UNIT_ACCESS, about=unit.id, title=f"{unit.name}：查档范围", before=access_of(unit),
        after=access_values(kind, scope, is_open=True), reason=form.reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def unit_of(store: Store, id: str) -> Unit:
    """Raises NotFound."""
    unit = await store.units.by_id(id)
    if unit is None:
        raise NotFound(id)
    return unit


def _faults(form: UnitForm) -> dict[str, str]:
    faults = {}
    if not 2 <= len(form.name) <= 60:
        faults["name"] = "请填写单位全称，2 至 60 字。"
    if not 1 <= len(form.contact) <= 40:
        faults["contact"] = "请填写联系人姓名（40 字以内）。"
    if not _PHONE.fullmatch(form.phone):
        faults["phone"] = "请填写联系电话，7 至 20 位数字。"
    try:
        for part in filter(None, (part.strip() for part in form.networks.split(","))):
            ipaddress.ip_network(part)
    except ValueError:
        faults["networks"] = "请按 10.1.0.0/16 的样子填写网段，多个用逗号分开；不填表示整个政务网。"
    return faults


def _access(form: AccessForm, now: datetime) -> tuple[OrganKind, UnitScope | None]:
    today, faults = beijing(now).date(), dict[str, str]()
    if form.kind not in set(OrganKind):
        raise Invalid({"kind": "请选择机关类别。"})
    kind = OrganKind(form.kind)
    if form.reach == "rules":
        if kind not in rules_at(now).organs.named:
            raise Invalid({"reach": "规则没有列明这类机关，须选择全部企业或列出企业，并写明截止日。"})
        return kind, None
    if form.reach not in ("all", "listed"):
        raise Invalid({"reach": "请选择查档范围。"})
    usccs = tuple(dict.fromkeys(form.usccs.upper().split())) if form.reach == "listed" else ()
    if wrong := [code for code in usccs if not is_uscc(code)]:
        faults["usccs"] = f"不是统一社会信用代码：{'、'.join(wrong[:3])}"
    elif form.reach == "listed" and not 1 <= len(usccs) <= MOST_COMPANIES:
        faults["usccs"] = f"请列出 1 至 {MOST_COMPANIES} 家企业的代码，每行一个。"
    until = _day(form.until)
    if until is None or not today <= until <= today.replace(year=today.year + 3, day=min(today.day, 28)):
        faults["until"] = "请填写截止日，不早于今天，不超过三年。"
    document_kinds = tuple(dict.fromkeys(form.document_kinds.split()))
    if len(document_kinds) > MOST_KINDS or any(len(each) > 30 for each in document_kinds):
        faults["document_kinds"] = f"材料类别最多 {MOST_KINDS} 种，每种 30 字以内。"
    if not set(form.filing_kinds) <= set(FilingKind):
        faults["filing_kinds"] = "请从列表中选择。"
    if faults or until is None:
        raise Invalid(faults)
    return kind, UnitScope(
        all_companies=form.reach == "all", usccs=usccs, document_kinds=document_kinds, until=until,
        filing_kinds=tuple(FilingKind(each) for each in form.filing_kinds),
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return day_given(text)
    except ValueError:
        return None


async def _with_trace(
    store: Store, id: str, what: str, change: Callable[[Any], Awaitable[None]], *, now: datetime, trace: Trace
) -> None:
    async def work(tx: Any) -> None:
        await change(tx)
        await store.audit.append(
            tag=AuditTag.GOVERNMENT_UNIT_KEPT, subject=id, outcome="done", fields={"what": what}, at=now, tx=tx, **trace
        )

    await store.atomically(work)
