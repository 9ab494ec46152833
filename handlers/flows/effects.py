"""What each kind of proposal changes once approved, who may propose and approve it. Read by flows/approving."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Conflict
from conf.rights import APART, Action, is_apart
from conf.terms import ProposalKind, StaffRole
from handlers.flows.unit_access import access_in
from store.records.office import Proposal

if TYPE_CHECKING:
    from store import Store

#: Makes the change in the transaction it is given; raises Conflict when it is no longer possible.
Apply = Callable[["Store", Proposal, datetime, Any], Awaitable[None]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Effect:
    """A kind of change: its name for pages, the two rights, how many approve, what it does."""

    name: str
    propose: Action
    approve: Action
    apply: Apply
    needed: int = 1


async def set_roles(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Give a person of ours other roles; none at all shuts the account. Raises Conflict when they must be apart."""
    roles = frozenset(StaffRole(role) for role in proposal.after["roles"])
    if not is_apart(roles):
        raise Conflict(APART)
    await store.staff.set_roles(proposal.about, roles, tx=tx)  # roles are read with every request: it holds at once


async def set_unit_access(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Open a unit of the government network as this kind of organ, for this scope; see flows/units.py."""
    kind, scope = access_in(proposal.after)
    await store.units.set_access(proposal.about, kind, scope, tx)


EFFECTS: dict[ProposalKind, Effect] = {
    ProposalKind.STAFF_ROLES: Effect(
        name="人员角色", propose=Action.ACCOUNTS_KEEP, approve=Action.ACCOUNTS_APPROVE, apply=set_roles
    ),
    ProposalKind.UNIT_ACCESS: Effect(
        name="机关查档范围", propose=Action.GOVERNMENT_KEEP, approve=Action.SETTINGS_APPROVE, apply=set_unit_access
    ),
}
