"""Kiosk machines: registered by a command, enrolled once by key, wiped after each visitor."""

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conf.errors import NotFound
from conf.terms import AuditTag, Channel
from store.records import Session, Terminal

if TYPE_CHECKING:
    from store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class RegisteredTerminal:
    """A new machine and the key that enrols it; the key is shown once and only its digest is kept."""

    terminal: Terminal
    key: str = field(repr=False)


async def register_terminal(store: "Store", *, terminal_id: str, name: str, location: str) -> RegisteredTerminal:
    """Register a machine. Raises Conflict when the id is taken."""
    key = secrets.token_urlsafe(24)

    async def work(tx: Any) -> Terminal:
        made = await store.terminals.register(terminal_id, name, location, key, tx=tx)
        await store.audit.append(
            tag=AuditTag.TERMINAL_REGISTERED,
            who="command",
            role="system",
            channel=Channel.COMMAND,
            request_id="",
            address="",
            subject=terminal_id,
            outcome="done",
            fields={"name": name},
            tx=tx,
        )
        return made

    return RegisteredTerminal(terminal=await store.atomically(work), key=key)


async def enrol(store: "Store", key: str) -> Terminal:
    """The machine that key belongs to. Raises NotFound for a wrong key or a retired machine."""
    terminal = await store.terminals.by_key(key) if key else None
    if terminal is None or terminal.retired:
        raise NotFound
    return terminal


async def wipe(store: "Store", sessions: Any, session: Session | None, *, terminal: str, audit: dict[str, Any]) -> None:
    """End the visitor's session on the server and leave proof of it; calling it twice is harmless."""
    if session is not None:
        await sessions.drop(session.id)
    await store.audit.append(
        tag=AuditTag.KIOSK_WIPED, subject=terminal, outcome="done", fields={"terminal": terminal}, **audit
    )
