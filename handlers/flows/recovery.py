"""Recovery codes: ten single-use codes that stand in for the authenticator. Called by the flows of both doors.

Only keyed digests are kept: 50 random bits a code need no slow hash, and the key is not in the database.
"""

import re
import secrets
from datetime import datetime
from typing import TYPE_CHECKING, Any

from conf.errors import Invalid
from handlers.flows.ordering import Trace
from store.records import Staff

if TYPE_CHECKING:
    from handlers.flows.staffing import Door
    from store import Store

HOW_MANY = 10
#: No letters or digits that are mistaken for each other.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_CODE = re.compile(rf"[{ALPHABET}]{{5}}-?[{ALPHABET}]{{5}}")


def looks_like(text: str) -> bool:
    """Whether this could be a recovery code; six digits of an authenticator never are."""
    return bool(_CODE.fullmatch(_plain(text)))


def digest(store: "Store", staff_id: str, code: str) -> str:
    """What is kept of a code: bound to the person, so that nobody else's fits."""
    return store.vault.code_digest(f"recovery\0{staff_id}\0{_plain(code).replace('-', '')}")


def fresh() -> tuple[str, ...]:
    """Ten new codes, as they are shown once."""
    return tuple(
        "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(HOW_MANY)
    )


async def renew(
    store: "Store", staff: Staff, *, door: "Door", password_is_right: bool, now: datetime, trace: Trace
) -> tuple[str, ...]:
    """Ten new codes in the place of all older ones; shown once. Raises Invalid without the right password."""
    if not password_is_right:
        raise Invalid({"password": "口令不正确。"})
    codes = fresh()

    async def work(tx: Any) -> None:
        await keep(store, staff.id, codes, door=door, tx=tx)
        await store.audit.append(
            tag=door.changed, subject=staff.id, outcome="done", fields={"what": "recovery_made"},
            at=now, tx=tx, **trace,
        )  # fmt: skip

    await store.atomically(work)
    return codes


async def keep(store: "Store", staff_id: str, codes: tuple[str, ...], *, door: "Door", tx: Any) -> None:
    """Their digests, in the place of all older ones."""
    await door.people(store).set_recovery(staff_id, tuple(digest(store, staff_id, code) for code in codes), tx=tx)


def _plain(text: str) -> str:
    return "".join(text.split()).upper()
