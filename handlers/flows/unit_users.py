"""People of units: asked for, reset and reopened with a second person; shut by one, at once. Called by the staff pages.

An account holds no credential that one of ours has seen: its one-time link (flows/enrolling) is used by the person.
"""

from datetime import datetime
from typing import Any

from conf.errors import Invalid, NotFound
from conf.terms import ProposalKind
from handlers.flows import approving, enrolling
from handlers.flows.ordering import Trace
from handlers.flows.staffing import UNITS, login_fault, name_fault
from handlers.flows.unit_access import RESET, user_state
from store import Store
from store.records import Staff
from store.records.government import Unit, UnitUser
from store.records.office import Proposal

NOTHING_TO_RESET = "这个用户还没有设置口令，请直接生成开通链接。"


async def propose_new(
    store: Store, unit: Unit, *, login: str, name: str, reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Ask for a user of the unit. Raises Invalid by field, Conflict when the same login is asked for already."""
    faults = {field: fault for field, fault in (("login", login_fault(login)), ("name", name_fault(name))) if fault}
    if "login" not in faults and await store.unit_users.by_login(login):
        faults["login"] = "这个登录名已经有人使用，请另选一个。"
    if faults:
        raise Invalid(faults)
    after = {"unit": unit.name, "uscc": unit.uscc, "login": login, "name": name}
    return await approving.propose(
        store, ProposalKind.UNIT_USER_NEW, about=login, title=f"{unit.name}：新增用户 {name}", before={}, after=after,
        reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def propose_reset(
    store: Store, unit: Unit, user: UnitUser, *, reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Ask that the credentials be voided and, if it is shut, the account opened again. Raises Invalid, Conflict."""
    if user.awaits_link:
        raise Invalid({"user": NOTHING_TO_RESET})
    what = "重新启用" if user.disabled else "重置登录凭证"
    return await approving.propose(
        store, ProposalKind.UNIT_USER_RESET, about=user.id, title=f"{unit.name}：{what} {user.name}",
        before=user_state(user), after=RESET, reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def shut(store: Store, user: UnitUser, *, now: datetime, trace: Trace) -> None:
    """Shut an account at once, its link too; the caller ends its sessions."""

    async def work(tx: Any) -> None:
        await store.unit_users.shut(user.id, tx=tx)
        await enrolling.record(store, user.id, "shut", door=UNITS, now=now, trace=trace, tx=tx)

    await store.atomically(work)


async def user_of(store: Store, unit: Unit, id: str) -> UnitUser:
    """Raises NotFound, for another unit's user too."""
    user = await store.unit_users.user(id)
    if user is None or user.unit_id != unit.id:
        raise NotFound(id)
    return user
