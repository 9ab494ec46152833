"""What an approved change of a staff account does, in the transaction of the approval. Read by flows/effects."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyotp

from conf.errors import Conflict, Invalid
from conf.rights import APART, INDISPENSABLE, is_apart, last_one
from conf.terms import AuditTag, Channel, StaffRole
from store.records.office import Proposal

if TYPE_CHECKING:
    from store import Store


async def add(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """A new account without a password: only a one-time link opens it. Raises Conflict when the login is taken."""
    roles = frozenset(StaffRole(role) for role in proposal.after["roles"])
    if not is_apart(roles):
        raise Conflict(APART)
    staff = await store.staff.create(
        login=proposal.after["login"], name=proposal.after["name"], roles=roles, password_hash="",
        totp_secret=pyotp.random_base32(), tx=tx,
    )  # fmt: skip
    await store.audit.append(
        tag=AuditTag.STAFF_CREATED, who="", role="system", channel=Channel.STAFF, request_id="", address="",
        subject=staff.id, outcome="done", fields={"roles": sorted(role.value for role in roles)}, at=now, tx=tx,
    )  # fmt: skip


async def set_roles(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Give a person of ours other roles; none at all shuts the account.

    Raises Conflict when they must be apart, Invalid when the last working administrator of a kind would be gone.
    """
    roles = frozenset(StaffRole(role) for role in proposal.after["roles"])
    if not is_apart(roles):
        raise Conflict(APART)
    await keep_indispensable(store, proposal.about, roles, tx=tx)
    await store.staff.set_roles(proposal.about, roles, tx=tx)  # roles are read with every request: it holds at once


async def keep_indispensable(
    store: "Store", id: str, roles: frozenset[StaffRole], *, field: str = "note", tx: Any = None
) -> None:
    """Raises Invalid when `roles` would take from this person a role of administrator nobody else works in.

    The sentence stands under `field`: the approver's note, or what the proposer filled in.
    """
    person = await store.staff.by_id(id)
    if person is None or person.disabled:
        return
    for role in INDISPENSABLE:
        if role in person.roles - roles and not await store.staff.rely_on_another(role, but=id, tx=tx):
            raise Invalid({field: last_one(role)})


async def reset(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Password, authenticator and recovery codes are void; running sessions end (StaffHandler sees `must_change`).

    Raises Invalid for the last working administrator: nobody would be left to make the link, or to approve.
    """
    await keep_indispensable(store, proposal.about, frozenset(), tx=tx)
    await store.staff.reset(proposal.about, pyotp.random_base32(), tx=tx)
