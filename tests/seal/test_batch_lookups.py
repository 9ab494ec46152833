"""A batch look-up with the real engine, seal and time-stamp: one sealed file, once, whatever dies on the way."""

import io
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pikepdf
import pytest
from pymongo import MongoClient

from conf.errors import Conflict, Invalid, ProviderUnavailable
from conf.terms import BatchStatus
from handlers.flows import batches
from handlers.flows.batches import BatchBench
from handlers.flows.organ_viewing import OrganVisitor
from store.records.government import BatchLookup, OrganCase
from tests.access.cases import USCC
from tests.desk import TRACE, Desk
from tests.desk import desk as desk
from tests.desk import desk_settings as desk_settings
from tests.desk import desk_store as desk_store
from tests.government import a_case, a_unit, a_user, keep
from tests.seal.test_sealing_flow import Works
from tests.seal.test_sealing_flow import works as works
from tests.seal.test_sealing_flow import workshop as workshop
from views.batch_sheets import GovernmentSheets


class Dead(BaseException):
    """The process is gone."""


@pytest.fixture
def bench(works: Works) -> BatchBench:
    desk = works.desk
    now, store = desk.clock(), desk.store
    desk.run(keep(store, a_unit(store, now), a_user(store, now), a_case(now)))
    return BatchBench(
        store=store, adapters=works.bench.adapters, settings=works.bench.settings, keys=works.bench.keys,
        sheets=GovernmentSheets(is_sample=True), clock=desk.clock,
    )  # fmt: skip


def asked(desk: Desk) -> BatchLookup:
    now, store = desk.clock(), desk.store
    visitor = OrganVisitor(user=a_user(store, now), unit=a_unit(store, now), case=a_case(now), now=now, trace=TRACE)
    made, bad = desk.run(batches.ask(store, USCC.encode(), visitor))
    assert made is not None
    assert bad == []
    return made


def decided(desk: Desk, batch: BatchLookup, *, is_yes: bool = True, note: str = "") -> BatchLookup:
    by: Any = SimpleNamespace(id="s1", name="样例审核")
    return desk.run(batches.decide(desk.store, batch, is_yes=is_yes, note=note, by=by, now=desk.clock(), trace=TRACE))


def kept_files(desk: Desk) -> int:
    with MongoClient[Any](desk.settings.mongo_url) as client:
        return client[desk.settings.mongo_database]["batch_files.files"].count_documents({})


def case_of(desk: Desk, batch: BatchLookup) -> OrganCase:
    case = desk.run(desk.store.organ_cases.by_id(batch.case_id))
    assert case is not None
    return case


def test_nothing_is_made_before_a_second_person_said_yes(works: Works, bench: BatchBench) -> None:
    desk = works.desk
    batch = asked(desk)
    assert desk.run(batches.answer_next(bench, "w1")) is False
    with pytest.raises(Invalid, match="note"):
        decided(desk, batch, is_yes=False)
    assert decided(desk, batch, is_yes=False, note="与公函不符").status is BatchStatus.DECLINED
    with pytest.raises(Conflict):
        decided(desk, batch)
    assert desk.run(batches.answer_next(bench, "w1")) is False
    assert kept_files(desk) == 0


def test_one_sealed_file_with_cover_and_extract_and_a_look_for_each_company(works: Works, bench: BatchBench) -> None:
    desk = works.desk
    batch = decided(desk, asked(desk))
    assert desk.run(batches.answer_next(bench, "w1")) is True
    ready = desk.run(desk.store.batches.by_id(batch.id))
    assert ready is not None
    assert ready.status is BatchStatus.READY
    pdf = desk.run(batches.fetch(desk.store, ready, case_of(desk, ready), now=desk.clock(), trace=TRACE))
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        assert len(opened.pages) >= 2
    check = desk.run(bench.adapters.seal.check(pdf))
    assert (check.sealed, check.intact, check.whole_file) == (True, True, True)
    [look] = desk.run(desk.store.organ_cases.views(batch.case_id))
    assert (look.what, look.uscc, look.rule_id) == ("batch", USCC, "extract.organ.named")
    tags = desk.run(desk.tags())
    assert [tag for tag in tags if tag.startswith("government:")] == [
        "government:batch:asked", "government:batch:decided", "government:record:viewed", "government:batch:sealed",
        "government:batch:fetched",
    ]  # fmt: skip


@pytest.mark.parametrize("point", ["before sealing", "after sealing", "after the file", "before the commit"])
def test_a_crash_at_any_point_leaves_one_result(works: Works, bench: BatchBench, point: str) -> None:
    desk = works.desk
    batch = decided(desk, asked(desk))
    with pytest.raises(Dead):
        desk.run(batches.answer_next(dying(bench, point), "w1"))
    assert desk.run(batches.answer_next(bench, "w2")) is False, "the dead one's lease still stands"
    desk.clock.now += timedelta(seconds=batches.LEASE_SECONDS + 1)
    assert desk.run(batches.answer_next(bench, "w2")) is True
    ready = desk.run(desk.store.batches.by_id(batch.id))
    assert ready is not None
    assert ready.status is BatchStatus.READY
    assert desk.run(desk.tags()).count("government:batch:sealed") == 1
    assert len(desk.run(desk.store.organ_cases.views(batch.case_id))) == 1
    desk.run(desk.store.retention.sweep(desk.clock() + timedelta(days=3650)))
    assert kept_files(desk) == 1
    assert desk.run(desk.store.batches.file(ready.sha256))


def dying(bench: BatchBench, point: str) -> BatchBench:
    """The same bench in a process that dies at `point`."""

    async def die(*args: Any, **kwargs: Any) -> Any:
        raise Dead

    async def sealed_and_dead(*args: Any, **kwargs: Any) -> Any:
        await bench.adapters.seal.sign(*args, **kwargs)
        raise Dead

    if point in ("before sealing", "after sealing"):
        sign = die if point == "before sealing" else sealed_and_dead
        seal = SimpleNamespace(sign=sign, seals=bench.adapters.seal.seals)
        return replace(bench, adapters=SimpleNamespace(**vars(bench.adapters) | {"seal": seal}))
    return replace(bench, store=DyingStore(bench.store, point))  # type: ignore[arg-type]


class DyingStore:
    """The real store, whose process dies once the file is kept, or with the transaction written but not committed."""

    def __init__(self, store: Any, point: str) -> None:
        self._store, self._point = store, point

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def atomically(self, work: Any) -> Any:
        if self._point == "after the file":
            raise Dead

        async def then_die(tx: Any) -> Any:
            await work(tx)
            raise Dead

        return await self._store.atomically(then_die)


def test_while_the_seal_is_away_it_waits_and_is_tried_again(works: Works, bench: BatchBench) -> None:
    desk = works.desk
    batch = decided(desk, asked(desk))

    async def away(*args: Any, **kwargs: Any) -> Any:
        raise ProviderUnavailable("seal", "away")

    seal = SimpleNamespace(sign=away, seals=bench.adapters.seal.seals)
    shut = replace(bench, adapters=SimpleNamespace(**vars(bench.adapters) | {"seal": seal}))
    assert desk.run(batches.answer_next(shut, "w1")) is True
    waiting = desk.run(desk.store.batches.by_id(batch.id))
    assert waiting is not None
    assert (waiting.status, waiting.attempts) == (BatchStatus.APPROVED, 1)
    assert waiting.fault.startswith("ProviderUnavailable")
    assert desk.run(batches.answer_next(bench, "w2")) is False, "not before its rest is over"
    desk.clock.now += timedelta(seconds=5)
    assert desk.run(batches.answer_next(bench, "w2")) is True
    assert kept_files(desk) == 1
