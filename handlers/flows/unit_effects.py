"""What approved changes of units and their users do, in the transaction of the approval. Read by flows/effects."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyotp

from conf.clock import beijing
from conf.errors import Conflict
from handlers.flows.unit_access import access_in, access_of, user_state
from store.ids import sortable_id
from store.records.government import UnitUser
from store.records.office import Proposal

if TYPE_CHECKING:
    from store import Store

LOGIN_TAKEN = "这个登录名在提出之后被别人用了，请另选一个重新提出。"
UNIT_GONE = "这个单位已经不在登记之列，请重新登记单位后再提出。"
USER_CHANGED = "这个用户在提出之后有了变化，请重新提出。"


async def set_access(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Open a unit as this kind of organ, for this scope. Raises Conflict: changed meanwhile, or the term is over."""
    unit, (kind, scope) = await store.units.by_id(proposal.about, tx), access_in(proposal.after)
    if unit is None or access_of(unit) != proposal.before:  # shut meanwhile: an old approval must not open it again
        raise Conflict("这个单位在提出之后有了变化，请重新提出。")
    if scope is not None and scope.until < beijing(now).date():
        raise Conflict("查档范围的截止日已过，请重新提出。")
    await store.units.set_access(proposal.about, kind, scope, tx)


async def add_user(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """A user without a password: only a one-time link opens the account. Raises Conflict when the login is taken."""
    asked = proposal.after
    unit = await store.units.by_uscc(asked["uscc"], tx)
    if unit is None:
        raise Conflict(UNIT_GONE)
    user = UnitUser(
        id=sortable_id(now), unit_id=unit.id, login=asked["login"], name=asked["name"], roles=frozenset(),
        password_hash="", totp=store.vault.conceal(pyotp.random_base32(), "••••••"), disabled=False, must_change=True,
        failures=0, locked_until=None, last_totp_step=0, created_at=now,
    )  # fmt: skip
    try:
        await store.unit_users.add(user, tx)
    except Conflict:
        raise Conflict(LOGIN_TAKEN) from None


async def reset_user(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Password, authenticator, recovery codes and link are void, the account is open. Raises Conflict when it was
    shut or reset since this was proposed: an old approval must not open it again.
    """
    user = await store.unit_users.user(proposal.about)
    if user is None or user_state(user) != proposal.before:
        raise Conflict(USER_CHANGED)
    await store.unit_users.reset(user.id, pyotp.random_base32(), tx=tx)
