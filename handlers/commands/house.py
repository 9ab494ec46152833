"""The one place that sees every room and joins them: opens the house for a command, makes the background work."""

from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from conf.clock import utc_now
from conf.keys import Keys, load_keys
from conf.settings import Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from adapters.assembly import Adapters
    from handlers.flows.background import Background
    from handlers.flows.turns import Turn
    from handlers.metrics import Metrics
    from store import Store

#: A file without a record is left alone this long: its transaction may still be under way.
ORPHANS_AFTER = timedelta(hours=6)
#: Seconds from a start to the month's inspection: it asks everything at once, which the first visitors need not feel.
INSPECTION_AFTER = 300


@dataclass(frozen=True, kw_only=True)
class House:
    """Every room, opened: what a command works with."""

    settings: Settings
    keys: Keys
    store: "Store"
    adapters: "Adapters"


@asynccontextmanager
async def open_house(settings: Settings, *, metrics: "Metrics | None" = None) -> "AsyncIterator[House]":
    """Open keys, store and adapters; close them in reverse order. Raises SettingsError for what is unsafe."""
    from adapters.assembly import open_adapters
    from adapters.base import observe_nothing
    from store import open_store

    keys = load_keys(settings)
    store = await open_store(settings, keys)
    try:
        adapters = await open_adapters(settings, keys, observe=metrics.called_outside if metrics else observe_nothing)
        try:
            yield House(settings=settings, keys=keys, store=store, adapters=adapters)
        finally:
            await adapters.close()
    finally:
        await store.close()


@asynccontextmanager
async def open_alone(settings: Settings, *, to_restore: bool = False) -> "AsyncIterator[tuple[Store, Keys]]":
    """Keys and store without any counterpart: what keeping and proving the database takes."""
    from store import open_store

    keys = load_keys(settings)
    store = await open_store(settings, keys, to_restore=to_restore)
    try:
        yield store, keys
    finally:
        await store.close()


@asynccontextmanager
async def open_cache(settings: Settings) -> "AsyncIterator[tuple[Any, Any]]":
    """Sessions and limits in Redis where it is configured; (None, None) leaves them to the store."""
    if not settings.redis_url:
        yield None, None
        return
    from adapters.cache import connect_cache
    from adapters.cache.limits import RedisLimits
    from adapters.cache.sessions import RedisSessions
    from store.records import Session
    from store.sessions import SessionRules

    redis = connect_cache(settings.redis_url)
    try:
        sessions = RedisSessions(redis, utc_now, rules=SessionRules(settings), record=Session)
        yield sessions, RedisLimits(redis, utc_now)
    finally:
        await redis.aclose()


def _turns(house: House) -> "tuple[Turn, ...]":
    """What is done once a Beijing day or month."""
    from handlers.flows import inspecting, retention
    from handlers.flows.turns import Turn, day, month

    store, settings, keys = house.store, house.settings, house.keys
    return (
        Turn(
            name="retention",
            period=day,
            run=lambda _day: retention.keep_terms(store, settings, keys, now=utc_now()),
        ),
        Turn(
            name="inspection",
            period=month,
            run=lambda period: inspecting.inspect(store, house.adapters, settings, keys, now=utc_now(), period=period),
            after=INSPECTION_AFTER,
        ),
    )


def make_background(house: House) -> "Background":
    """The background work of one process, joined from the flows."""
    from handlers.flows import batches, evidence, incoming, notices, sealing
    from handlers.flows.background import Background
    from views.batch_sheets import GovernmentSheets
    from views.sheets import PrintSheets

    store, settings = house.store, house.settings
    bench = sealing.Bench(
        store=store, adapters=house.adapters, settings=settings, keys=house.keys, sheets=PrintSheets()
    )
    asked = batches.BatchBench(
        store=store, adapters=house.adapters, settings=settings, keys=house.keys,
        sheets=GovernmentSheets(is_sample=not settings.is_production),
    )  # fmt: skip

    async def sweep_files() -> None:
        await store.copies.sweep_orphans(utc_now() - ORPHANS_AFTER)
        await store.retention.sweep(utc_now() - ORPHANS_AFTER)

    made = Background(
        store,
        settings,
        seal=lambda order: sealing.seal_order(bench, order),
        deliver=lambda: notices.deliver_next(store, house.adapters, owner=made.owner, now=utc_now()),
        checkpoint=lambda: evidence.keep_checkpoint(store, house.keys, settings.var_dir),
        apply_waiting=lambda: incoming.look_again(store, now=utc_now()),
        sweep=sweep_files,
        batches=lambda: batches.answer_next(asked, made.owner),
        turns=_turns(house),
    )
    return made
