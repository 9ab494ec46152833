"""Our own people: accounts, failed attempts, one-time codes used once. Called by the staffing flow."""

from datetime import datetime
from typing import Any

from pymongo import ASCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.terms import StaffRole
from store.connection import Base, Row, Tx
from store.encode import from_bson, secret_to_bson, text, to_bson
from store.ids import sortable_id
from store.records import Staff


class StaffRegister:
    """Staff by login or id. Passwords arrive hashed; the secret of one-time codes is kept encrypted."""

    #: Where they are kept and as what; units' users (store/government.py) are kept the same way elsewhere.
    collection: str = "staff"
    kind: type[Staff] = Staff

    def __init__(self, base: Base) -> None:
        self._staff, self._clock, self._vault = base[self.collection], base.clock, base.vault

    async def create(
        self,
        *,
        login: str,
        name: str,
        roles: frozenset[StaffRole],
        password_hash: str,
        totp_secret: str,
        tx: Tx | None = None,
    ) -> Staff:
        """Keep a new account whose first password must be changed. Raises Conflict when the login is taken."""
        now = self._clock()
        made = Staff(
            id=sortable_id(now),
            login=login,
            name=name,
            roles=roles,
            password_hash=password_hash,
            totp=self._vault.conceal(totp_secret, "••••••"),
            disabled=False,
            must_change=True,
            failures=0,
            locked_until=None,
            last_totp_step=0,
            created_at=now,
        )
        try:
            await self._staff.insert_one(to_bson(made), session=tx)
        except DuplicateKeyError:
            raise Conflict(f"the login {login} is taken; choose another") from None
        return made

    async def by_login(self, login: str) -> Staff | None:
        return self._known(await self._staff.find_one({"login": text(login)}))

    async def by_id(self, id: str) -> Staff | None:
        return self._known(await self._staff.find_one({"_id": text(id)}))

    async def count_failure(self, id: str, *, allowed: int, locked_until: datetime, tx: Tx | None = None) -> Staff:
        """Add one failure; at `allowed` the count starts anew and the account is locked. Safe under parallel tries."""
        reached: Row = {"$gte": [{"$add": ["$failures", 1]}, allowed]}
        change: list[Row] = [
            {
                "$set": {
                    "failures": {"$cond": [reached, 0, {"$add": ["$failures", 1]}]},
                    "locked_until": {"$cond": [reached, locked_until, "$locked_until"]},
                }
            }
        ]
        return await self._changed({"_id": text(id)}, change, tx)

    async def save_attempt(
        self,
        id: str,
        *,
        failures: int,
        locked_until: datetime | None,
        totp_step: int | None = None,
        expect_totp_step: int | None = None,
        tx: Tx | None = None,
    ) -> Staff:
        """Write the outcome of an attempt. With `totp_step` that step's code is used up.

        Raises Conflict when the step, or a later one, has been used, or `expect_totp_step` does not stand any more.
        """
        guard: Row = {"_id": text(id)}
        values: Row = {"failures": failures, "locked_until": locked_until}
        if totp_step is not None:
            values["last_totp_step"] = totp_step
            guard["last_totp_step"] = {"$lt": totp_step}
            if expect_totp_step is not None:
                guard["last_totp_step"]["$eq"] = expect_totp_step
        return await self._changed(guard, {"$set": values}, tx)

    async def set_password(
        self,
        id: str,
        password_hash: str,
        *,
        must_change: bool = False,
        old: tuple[str, ...] | None = None,
        tx: Tx | None = None,
    ) -> Staff:
        """Keep a new password's hash; `old` are the hashes that may not come again."""
        values: Row = {"password_hash": password_hash, "must_change": must_change, "password_at": self._clock()}
        if old is not None:
            values["old_passwords"] = list(old)
        return await self._changed({"_id": text(id)}, {"$set": values}, tx)

    async def must_change(self, id: str, *, tx: Tx | None = None) -> Staff:
        """From now on nothing but the change of the password is open to them."""
        return await self._changed({"_id": text(id)}, {"$set": {"must_change": True}}, tx)

    async def unlock(self, id: str, *, tx: Tx | None = None) -> Staff:
        """Forget the failures."""
        return await self._changed({"_id": text(id)}, {"$set": {"failures": 0, "locked_until": None}}, tx)

    async def offer_link(self, id: str, digest: str, until: datetime, *, tx: Tx | None = None) -> Staff:
        """The one link by which password and authenticator can be set until then; an older one is worth nothing.

        Raises Conflict for an account with a password, or one that is shut: they need a second person first.
        """
        guard: Row = {"_id": text(id), "password_hash": "", "disabled": False}
        return await self._changed(guard, {"$set": {"link_digest": digest, "link_until": until}}, tx)

    async def use_link(self, id: str, digest: str, *, tx: Tx | None = None) -> Staff:
        """Use the link up. Raises Conflict when it is not the one any more."""
        guard: Row = {"_id": text(id), "link_digest": text(digest), "disabled": False}
        return await self._changed(guard, {"$set": {"link_digest": "", "link_until": None}}, tx)

    async def by_link(self, digest: str) -> Staff | None:
        return self._known(await self._staff.find_one({"link_digest": text(digest)})) if digest else None

    async def reset(self, id: str, totp_secret: str, *, tx: Tx | None = None) -> Staff:
        """Void password, recovery codes and link, with a new authenticator key: only a new link opens the account."""
        values: Row = {
            "password_hash": "",
            "totp": secret_to_bson(self._vault.conceal(totp_secret, "••••••")),
            "last_totp_step": 0,
            "recovery": [],
            "link_digest": "",
            "link_until": None,
            "must_change": True,
        }
        return await self._changed({"_id": text(id)}, {"$set": values}, tx)

    async def set_recovery(self, id: str, digests: tuple[str, ...], *, tx: Tx | None = None) -> Staff:
        """Keyed digests of fresh recovery codes in the place of all older ones."""
        return await self._changed({"_id": text(id)}, {"$set": {"recovery": list(digests)}}, tx)

    async def use_recovery(self, id: str, digest: str, *, tx: Tx | None = None) -> Staff:
        """Use one up and clear the failures. Raises Conflict when it is not there (any more)."""
        change: Row = {"$pull": {"recovery": text(digest)}, "$set": {"failures": 0, "locked_until": None}}
        return await self._changed({"_id": text(id), "recovery": text(digest)}, change, tx)

    async def set_roles(self, id: str, roles: frozenset[StaffRole], *, tx: Tx | None = None) -> Staff:
        """Other roles; an account without any is disabled, one with some is enabled."""
        values = {"roles": sorted(role.value for role in roles), "disabled": not roles}
        return await self._changed({"_id": text(id)}, {"$set": values}, tx)

    async def rely_on_another(self, role: StaffRole, *, but: str, tx: Tx | None = None) -> bool:
        """Whether somebody else who can sign in holds `role`; in a transaction that account stays so until its end.

        It is written to, so that of two changes at once that rely on each other's account one is refused.
        """
        guard: Row = {"_id": {"$ne": text(but)}, "roles": role.value, "disabled": False, "password_hash": {"$ne": ""}}
        return await self._staff.find_one_and_update(guard, {"$inc": {"relied_on": 1}}, session=tx) is not None

    async def listed(self) -> tuple[Staff, ...]:
        """Everybody, by login."""
        rows = await self._staff.find().sort("login", ASCENDING).to_list()
        return tuple(from_bson(self.kind, row) for row in rows)

    async def _changed(self, guard: Row, change: Any, tx: Tx | None) -> Staff:
        found = await self._staff.find_one_and_update(guard, change, return_document=ReturnDocument.AFTER, session=tx)
        if found is not None:
            return from_bson(self.kind, found)
        if len(guard) > 1:
            raise Conflict("this code or link has been used, or the account has changed")
        raise NotFound(guard["_id"])

    def _known(self, row: Row | None) -> Staff | None:
        return None if row is None else from_bson(self.kind, row)
