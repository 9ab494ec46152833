"""Server-side sessions in Redis, with the methods of store/sessions.py; used when EQICHA_REDIS_URL is set.

A session is a hash: `body` (JSON) and `seen` (ISO time) apart, so that marking it as seen cannot undo a save.
The record class and the rules of idling come from the store by way of eqicha.py: adapters know no other room.
"""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Generic, Protocol, TypeVar

from redis.asyncio import Redis
from redis.asyncio.client import Pipeline
from redis.exceptions import RedisError, WatchError

from conf.clock import Clock
from conf.errors import ProviderUnavailable
from conf.terms import Channel

TOUCH_LEAST = timedelta(seconds=5)
S = TypeVar("S")


class Rules(Protocol):
    """The part of store.sessions.SessionRules that is used here."""

    def is_alive(self, session: Any, now: datetime) -> bool: ...


class RedisSessions(Generic[S]):
    """Sessions by id; Redis forgets each at its absolute limit. Raises ProviderUnavailable while Redis is away."""

    def __init__(self, redis: Redis, clock: Clock, *, rules: Rules, record: Callable[..., S]) -> None:
        self._redis, self._clock, self._rules, self._record = redis, clock, rules, record

    async def create(self, session: Any) -> None:
        async def write(pipe: Pipeline) -> bool:
            pipe.multi()
            pipe.hset(_key(session.id), mapping=_fields(session))
            pipe.pexpire(_key(session.id), self._left(session))
            for owner in _owners(session.account_id, session.staff_id):
                pipe.sadd(owner, session.id)
                pipe.pexpire(owner, self._left(session), gt=True)
                pipe.pexpire(owner, self._left(session), nx=True)
            await pipe.execute()
            return True

        await self._guarded(write)

    async def load(self, id: str) -> S | None:
        """The session when it is within its limits; one past them is dropped at once."""
        fields = await self._ask(self._redis.hgetall(_key(id)))
        if not fields:
            return None
        session = self._record(**_values(fields))
        if self._rules.is_alive(session, self._clock()):
            return session
        await self.drop(id)
        return None

    async def save(self, session: Any) -> bool:
        """Keep changed values; False when the session has ended meanwhile (it is not brought back)."""
        return await self._change(session.id, {"body": _fields(session)["body"]})

    async def touch(self, id: str, seen_at: datetime) -> None:
        """Mark as seen; writes nothing within 5 s of the last mark."""
        last = await self._ask(self._redis.hget(_key(id), "seen"))
        if last and seen_at - datetime.fromisoformat(last.decode()) >= TOUCH_LEAST:
            await self._change(id, {"seen": seen_at.isoformat()})

    async def drop(self, id: str) -> bool:
        """End one session; True for exactly one caller, so that a session is traded for another only once."""
        return await self._ask(self._redis.delete(_key(id))) == 1

    async def drop_of(self, account_id: str = "", staff_id: str = "") -> int:
        """End every session of an account or of a member of staff; how many there were."""
        ended = 0
        for owner in _owners(account_id, "" if account_id else staff_id):
            members = await self._ask(self._redis.smembers(owner))
            if members:
                ended += await self._ask(self._redis.delete(*(_key(member.decode()) for member in members)))
            await self._ask(self._redis.delete(owner))
        return ended

    async def list_of(self, staff_id: str) -> tuple[S, ...]:
        """The living sessions of a member of staff, the one seen last first."""
        found: list[Any] = []
        now = self._clock()
        for owner in _owners("", staff_id):
            for member in await self._ask(self._redis.smembers(owner)):
                fields = await self._ask(self._redis.hgetall(_key(member.decode())))
                if fields and self._rules.is_alive(session := self._record(**_values(fields)), now):
                    found.append(session)
        return tuple(sorted(found, key=lambda session: session.seen_at, reverse=True))

    async def drop_account(self, account_id: str, *, before: datetime) -> int:
        """End the sessions of an account that began before a moment; how many there were."""
        ended = 0
        for owner in _owners(account_id, ""):
            for member in await self._ask(self._redis.smembers(owner)):
                fields = await self._ask(self._redis.hgetall(_key(member.decode())))
                if fields and _values(fields)["created_at"] < before:
                    ended += await self._ask(self._redis.delete(_key(member.decode())))
                    await self._ask(self._redis.srem(owner, member))
        return ended

    async def _change(self, id: str, fields: Mapping[Any, Any]) -> bool:
        """Write fields of a session that still exists; watched, so that one dropped meanwhile stays dropped."""
        key = _key(id)

        async def write(pipe: Pipeline) -> bool:
            await pipe.watch(key)
            if not await pipe.exists(key):
                return False
            pipe.multi()
            pipe.hset(key, mapping=fields)
            await pipe.execute()
            return True

        return await self._guarded(write)

    async def _guarded(self, write: Callable[[Pipeline], Awaitable[bool]]) -> bool:
        while True:
            try:
                async with self._redis.pipeline(transaction=True) as pipe:
                    return await write(pipe)
            except WatchError:
                continue
            except RedisError as fault:
                raise ProviderUnavailable("redis", type(fault).__name__) from fault

    async def _ask(self, answer: Any) -> Any:
        try:
            return await answer
        except RedisError as fault:
            raise ProviderUnavailable("redis", type(fault).__name__) from fault

    def _left(self, session: Any) -> int:
        return max(1, int((session.expires_at - self._clock()) / timedelta(milliseconds=1)))


def _key(id: str) -> str:
    return f"eqicha:session:{id}"


def _owners(account_id: str, staff_id: str) -> list[str]:
    names = (("account", account_id), ("staff", staff_id))
    return [f"eqicha:sessions-of:{kind}:{id}" for kind, id in names if id]


def _fields(session: Any) -> dict[Any, Any]:
    body = asdict(session)
    seen = body.pop("seen_at").isoformat()
    body |= {name: body[name].isoformat() for name in ("created_at", "expires_at")}
    return {"body": json.dumps(body, ensure_ascii=False), "seen": seen}


def _values(fields: dict[bytes, bytes]) -> dict[str, Any]:
    body = json.loads(fields[b"body"])
    body |= {name: datetime.fromisoformat(body[name]) for name in ("created_at", "expires_at")}
    return body | {"channel": Channel(body["channel"]), "seen_at": datetime.fromisoformat(fields[b"seen"].decode())}
