"""What an approved change of a staff account does, in the transaction of the approval. Read by flows/effects."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pyotp

from conf.errors import Conflict
from conf.rights import APART, is_apart
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


async def reset(store: "Store", proposal: Proposal, now: datetime, tx: Any) -> None:
    """Password, authenticator and recovery codes are void; running sessions end (StaffHandler sees `must_change`)."""
    await store.staff.reset(proposal.about, pyotp.random_base32(), tx=tx)
