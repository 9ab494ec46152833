"""Registered kiosk machines; the key that enrols one is kept as a digest only. Called by the kiosk flows."""

import hashlib

from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict
from store.connection import Base, Tx
from store.encode import from_bson, text, to_bson
from store.records import Terminal


class Terminals:
    """Terminals by key. Keys are long and random, so a plain SHA-256 keeps them."""

    def __init__(self, base: Base) -> None:
        self._terminals, self._clock = base["terminals"], base.clock

    async def register(self, id: str, name: str, location: str, key: str, tx: Tx | None = None) -> Terminal:
        """Keep a new machine. Raises Conflict when the id is taken."""
        made = Terminal(
            id=id, name=name, location=location, key_digest=_digest(key), created_at=self._clock(), retired=False
        )
        try:
            await self._terminals.insert_one(to_bson(made), session=tx)
        except DuplicateKeyError:
            raise Conflict(f"terminal {id} is registered already; choose another id") from None
        return made

    async def by_key(self, key: str) -> Terminal | None:
        """The machine in service that this key enrols."""
        found = await self._terminals.find_one({"key_digest": _digest(text(key)), "retired": False})
        return None if found is None else from_bson(Terminal, found)

    async def retire(self, id: str, tx: Tx | None = None) -> bool:
        """Take a machine out of service; its key opens nothing any more."""
        done = await self._terminals.update_one({"_id": text(id)}, {"$set": {"retired": True}}, session=tx)
        return done.matched_count == 1


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
