"""Keeping staff accounts: new ones, roles, resets (each with a second person), locks. Called by the staff pages.

What only makes an account safer (unlocking aside, which is on record) takes effect at once; whatever gives somebody a
right or a way in needs a second person (flows/approving).
"""

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Invalid
from conf.rights import APART, is_apart
from conf.terms import ProposalKind, StaffRole
from handlers.flows import approving, enrolling, staffing
from handlers.flows.account_effects import keep_indispensable
from handlers.flows.ordering import Trace
from handlers.flows.staffing import OUR_PEOPLE
from store.records import Staff
from store.records.office import Proposal

if TYPE_CHECKING:
    from store import Store


async def propose_new(
    store: "Store", *, login: str, name: str, roles: Collection[str], reason: str, by: Staff, now: datetime,
    trace: Trace,
) -> Proposal:  # fmt: skip
    """Ask for an account. Raises Invalid by field, Conflict when the same login is asked for already."""
    chosen = known_roles(roles)
    faults = staffing.account_faults(login, name, chosen)
    if "login" not in faults and await store.staff.by_login(login):
        faults["login"] = "这个登录名已经有人使用，请另选一个。"
    if faults:
        raise Invalid(faults)
    after = {"login": login, "name": name, "roles": sorted(chosen)}
    return await approving.propose(
        store, ProposalKind.STAFF_NEW, about=login, title=f"新增人员：{name}", before={}, after=after, reason=reason,
        by=by, now=now, trace=trace,
    )  # fmt: skip


async def propose_roles(
    store: "Store", person: Staff, *, roles: Collection[str], reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Ask for other roles; none at all disables the account. Raises Invalid, Conflict."""
    chosen = known_roles(roles)
    if not is_apart(chosen):
        raise Invalid({"roles": APART})
    await keep_indispensable(store, person.id, chosen, field="roles")
    title = f"{'变更角色' if chosen else '停用账号'}：{person.name}"
    return await approving.propose(
        store, ProposalKind.STAFF_ROLES, about=person.id, title=title, before={"roles": sorted(person.roles)},
        after={"roles": sorted(chosen)}, reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def propose_reset(
    store: "Store", person: Staff, *, reason: str, by: Staff, now: datetime, trace: Trace
) -> Proposal:
    """Ask that password, authenticator and recovery codes be voided and set anew by link. Raises Invalid, Conflict."""
    await keep_indispensable(store, person.id, frozenset(), field="reason")
    before, after = {"credentials": "现有口令、动态码和恢复码"}, {"credentials": "全部作废，由本人通过开通链接重新设置"}
    return await approving.propose(
        store, ProposalKind.STAFF_RESET, about=person.id, title=f"重置登录凭证：{person.name}", before=before,
        after=after, reason=reason, by=by, now=now, trace=trace,
    )  # fmt: skip


async def force_change(store: "Store", person: Staff, *, now: datetime, trace: Trace) -> None:
    """From the next click on nothing but the change of the password is open to them."""

    async def work(tx: Any) -> None:
        await store.staff.must_change(person.id, tx=tx)
        await enrolling.record(store, person.id, "password_forced", door=OUR_PEOPLE, now=now, trace=trace, tx=tx)

    await store.atomically(work)


async def unlock(store: "Store", person: Staff, *, now: datetime, trace: Trace) -> None:
    """Lift the lock that wrong tries brought about."""

    async def work(tx: Any) -> None:
        await store.staff.unlock(person.id, tx=tx)
        await enrolling.record(store, person.id, "unlocked", door=OUR_PEOPLE, now=now, trace=trace, tx=tx)

    await store.atomically(work)


def known_roles(roles: Collection[str]) -> frozenset[StaffRole]:
    """The roles named; names that are none are left out."""
    return frozenset(StaffRole(role) for role in roles if role in set(StaffRole))
