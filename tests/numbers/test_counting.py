"""Counts kept with what they count: sums, Beijing days, nobody waits for a counter, a recount finds tampering."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo import MongoClient

from conf import measures
from conf.errors import Forbidden
from conf.measures import Measure, cell
from conf.terms import AuditTag, Channel, OrderStatus, Outcome, PageSize
from handlers.flows import batches, counting, nightly, ordering, organ_viewing, ratings, viewing
from handlers.flows.organ_viewing import OrganVisitor
from store.records import Account, Page
from tests.access import cases
from tests.desk import DATABASE, TRACE, Desk, handed_whole
from tests.flows.test_retention_table import a_batch
from tests.government import a_case, a_unit, a_user, keep

DAY = measures.day_of(cases.NOW)


def totals(desk: Desk, first: date = DAY, last: date = DAY, grain: str = "d") -> dict[Measure, dict[str, int]]:
    figures = desk.run(desk.store.numbers.read(first, last, grain=grain))
    return {m: measures.merge(part.cells(m) for part in figures.parts) for m in Measure}


def fold(desk: Desk) -> None:
    while desk.run(desk.store.numbers.fold("test")):
        pass


def empty(mongo_url: str) -> None:
    with MongoClient(mongo_url) as client:
        for name in ("tallies", "buckets", "company_buckets"):
            client[DATABASE][name].delete_many({})


def known(desk: Desk, role: str) -> Account:
    """A visitor as sign-in would know them: counted the first time."""
    account = desk.run(desk.account(role))
    desk.run(counting.signed_in(desk.store, account, tx=None))
    return account


def a_day_of_work(desk: Desk) -> None:
    """An order from placing to rating, one that is refused, looks at dossier and extract."""
    head, stranger = known(desk, "legal_representative"), known(desk, "stranger")
    order = desk.run(desk.settled(head))
    visitor = viewing.Visitor(account=head, purposes={}, now=desk.clock(), trace=TRACE)
    desk.run(viewing.list_dossier(desk.store, cases.USCC, visitor))
    desk.run(viewing.read_extract(desk.store, cases.USCC, visitor))
    with pytest.raises(Forbidden):
        desk.run(desk.place(stranger))
    desk.clock.forward(seconds=4)
    desk.run(desk.seal(order))

    async def ready(tx: Any) -> None:
        await ordering.record_move(desk.store, order, OrderStatus.SEALING, at=desk.clock(), tx=tx)
        await ordering.record_move(desk.store, order, OrderStatus.READY, at=desk.clock(), tx=tx)

    desk.run(desk.store.atomically(ready))
    for _ in range(2):
        desk.run(handed_whole(desk, head, order.no))
        desk.clock.forward(seconds=1)
    rate = ratings.rate(
        desk.store, head, order.no, number=1, satisfaction=5, channel=Channel.PC, now=desk.clock(), trace=TRACE
    )
    desk.run(rate)


def test_everything_that_happens_is_counted_once_before_and_after_folding(desk: Desk) -> None:
    a_day_of_work(desk)
    before = totals(desk)
    fold(desk)
    after = totals(desk)
    assert before == after
    assert after[Measure.ORDERS] == {"pc~natural~permit": 1}
    assert after[Measure.QUERIES] == {"pc~natural~permit~dossier": 1, "pc~natural~permit~extract": 1}
    assert sum(after[Measure.CATEGORIES].values()) == 2
    assert after[Measure.STEPS] == {"permitted": 1, "sealing": 1, "ready": 1, "downloaded": 1, "rated": 1}
    assert sum(after[Measure.REFUSALS].values()) == 1
    assert after[Measure.RATINGS] == {"5~1": 1}
    assert after[Measure.DOWNLOADS] == {"pc~done": 2}
    assert after[Measure.PAPER] == {"saved": 5}, "pages count at the first hand-out only"
    assert after[Measure.WAITS] == {"direct~4": 1}
    top = desk.run(desk.store.numbers.top_companies(DAY, DAY))
    assert [(each.uscc, each.count) for each in top] == [(cases.USCC, 2)]


def test_a_day_as_it_happened_is_recounted_without_difference(desk: Desk) -> None:
    a_day_of_work(desk)
    assert desk.run(desk.store.recounter.differences(DAY)) == ()
    fold(desk)
    assert desk.run(desk.store.recounter.differences(DAY)) == ()


def test_looks_of_units_count_as_the_government_network_s_and_are_recounted(desk: Desk, mongo_url: str) -> None:
    """Catalogue, extract, a batch drawn by a worker, its download; a single page counts for nobody."""
    store, now = desk.store, desk.clock()
    visitor = OrganVisitor(user=a_user(store, now), unit=a_unit(store, now), case=a_case(now), now=now, trace=TRACE)
    desk.run(keep(store, visitor.unit, visitor.user, visitor.case))
    desk.run(organ_viewing.list_dossier(store, desk.settings, cases.USCC, visitor))
    company, told = desk.run(organ_viewing.read_extract(store, desk.settings, cases.USCC, visitor))
    by_worker = replace(visitor, trace=TRACE | {"channel": Channel.WORKER})
    looks = [
        organ_viewing.look_of(by_worker, company, told, what="batch", outcome=told.outcome, title="批量"),
        organ_viewing.look_of(by_worker, company, told, what="batch", outcome=Outcome.REFUSE, title="批量"),
        organ_viewing.look_of(by_worker, company, told, what="page", outcome=told.outcome, title="页", subject="p1"),
    ]
    desk.run(organ_viewing.record(store, desk.settings, by_worker, looks))
    sha256 = desk.run(store.batches.put_file(b"pdf"))
    desk.run(batches.fetch(store, a_batch(now, sha256), visitor.case, now=now, trace=TRACE))
    kept = totals(desk)
    assert kept[Measure.QUERIES] == {
        "government~organ~permit~dossier": 1, "government~organ~permit~extract": 1, "government~organ~permit~batch": 1,
        "government~organ~refuse~batch": 1,
    }  # fmt: skip
    assert kept[Measure.REFUSALS] == {f"batch~{cell(told.rule_id)}": 1}
    assert kept[Measure.DOWNLOADS] == {"government~batch": 1}
    assert desk.run(store.recounter.differences(DAY)) == ()
    with MongoClient(mongo_url) as client:
        client[DATABASE].organ_views.delete_many({})
        client[DATABASE].audit_events.delete_one({"fields.what": "extract"})
    missing = desk.run(store.recounter.differences(DAY))
    assert {(each.measure, each.kept - each.counted) for each in missing} == {("queries", 1), ("look_ups", 1)}


def test_what_our_own_people_do_counts_for_no_visitor(desk: Desk) -> None:
    """Sign-ins of staff and units are none of a visitor; a reviewer's look at a page is on record and not counted."""
    for tag, role in ((AuditTag.STAFF_SIGNED_IN, "staff"), (AuditTag.GOVERNMENT_SIGNED_IN, "unit")):
        event = {"tag": tag, "subject": "s", "outcome": "done", "fields": {}, "at": desk.clock()}
        desk.run(desk.store.audit.append(**event | TRACE | {"role": role}))
    page = Page(
        id="d1-1",
        document_id="d1",
        number=1,
        sha256="0" * 64,
        media_type="image/jpeg",
        size=1,
        width=1,
        height=1,
        dpi=100,
    )
    trace = TRACE | {"role": "staff"}
    look = viewing.review_image(
        desk.store,
        SimpleNamespace(run=None),
        page,
        PageSize.VIEW,
        uscc="x",
        lines=("样例",),
        now=desk.clock(),
        trace=trace,
    )
    assert desk.run(look).is_damaged, "recorded before the scan is read, and this one is not there"
    assert desk.run(desk.tags())[-1] == AuditTag.PAGE_VIEWED
    assert {measure: cells for measure, cells in totals(desk).items() if cells} == {}
    assert desk.run(desk.store.recounter.differences(DAY)) == ()


@pytest.mark.parametrize(
    ("measure", "key"),
    [
        ("orders", "pc~natural~permit"),
        ("steps", "ready"),
        ("paper", "saved"),
        ("ratings", "1~1"),
        ("waits", "direct~4"),
    ],
)
def test_a_tampered_bucket_is_an_alarm(desk: Desk, mongo_url: str, measure: str, key: str, capsys: Any) -> None:
    a_day_of_work(desk)
    fold(desk)
    with MongoClient(mongo_url) as client:
        id = f"{measure}|d|{DAY.isoformat()}"
        client[DATABASE].buckets.update_one({"_id": id}, {"$inc": {f"n.{key}": 3}}, upsert=True)
    desk.clock.now = datetime(DAY.year, DAY.month, DAY.day, 18, tzinfo=UTC) + timedelta(hours=3)  # next day, 5:00
    found = desk.run(nightly.recount_due(desk.store, "p1", now=desk.clock()))
    assert [(d.measure, d.cell, d.kept - d.counted) for d in found.differences] == [(measure, key, 3)]
    assert desk.run(desk.store.numbers.recounts()) == (found,)
    assert desk.run(nightly.recount_due(desk.store, "p2", now=desk.clock())) is None, "once a day"


def test_a_lost_order_is_found_by_the_recount(desk: Desk, mongo_url: str) -> None:
    order = desk.run(desk.place(known(desk, "legal_representative")))
    with MongoClient(mongo_url) as client:
        client[DATABASE].orders.delete_one({"_id": order.no})
    found = desk.run(desk.store.recounter.differences(DAY))
    assert {each.measure for each in found} == {"orders", "categories"}


@pytest.mark.parametrize(
    ("at", "day"),
    [
        (datetime(2026, 11, 20, 15, 59, 59, 999000, tzinfo=UTC), date(2026, 11, 20)),
        (datetime(2026, 11, 20, 16, 0, tzinfo=UTC), date(2026, 11, 21)),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_a_day_begins_at_midnight_in_beijing(desk: Desk, at: datetime, day: date) -> None:
    desk.clock.now = at
    desk.run(desk.place(known(desk, "legal_representative")))
    fold(desk)
    assert totals(desk, day, day)[Measure.ORDERS] == {"pc~natural~permit": 1}
    assert totals(desk, day - timedelta(days=1), day - timedelta(days=1))[Measure.ORDERS] == {}
    assert totals(desk, day.replace(day=1), day, "m")[Measure.ORDERS] == {"pc~natural~permit": 1}
    assert desk.run(desk.store.recounter.differences(day)) == ()


def test_two_hundred_orders_at_once_never_wait_for_a_counter(desk: Desk) -> None:
    head, runs = known(desk, "legal_representative"), Counter[int]()
    order = desk.run(desk.place(head))

    async def one(number: int) -> None:
        async def work(tx: Any) -> None:
            runs[number] += 1
            await ordering.record_move(desk.store, order, OrderStatus.SEALING, at=desk.clock(), tx=tx)

        await desk.store.atomically(work)

    async def storm() -> None:
        await asyncio.gather(*(one(number) for number in range(200)), *(desk.store.numbers.fold("p") for _ in range(5)))

    desk.run(storm())
    fold(desk)
    assert set(runs.values()) == {1}, "a transaction had to run again"
    assert totals(desk)[Measure.STEPS] == {"sealing": 200}


dates = st.dates(date(2022, 1, 1), date(2027, 12, 31))
events = st.lists(st.tuples(dates, st.sampled_from(["pc", "mobile"]), st.integers(1, 3)), max_size=25)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=events, ends=st.tuples(dates, dates), folded=st.integers(0, 25))
def test_any_range_in_any_grain_sums_what_was_counted(
    desk: Desk, mongo_url: str, events: list[tuple[date, str, int]], ends: tuple[date, date], folded: int
) -> None:
    empty(mongo_url)
    first, last = sorted(ends)

    async def tell() -> None:
        for number, (day, channel, count) in enumerate(events):
            at = measures.hours_of(day)[0] + timedelta(hours=number % 24)
            counts = {Measure.ORDERS: {cell(channel, "natural", "permit"): count}, Measure.ACCOUNTS: {"natural": 1}}
            await desk.store.numbers.add(at, counts)
            if number == folded:
                await desk.store.numbers.fold("test")

    desk.run(tell())
    inside = [event for event in events if first <= event[0] <= last]
    expected = Counter[str]()
    for _, channel, count in inside:
        expected[f"{channel}~natural~permit"] += count
    for grain in ("d", "m"):
        figures = desk.run(desk.store.numbers.read(first, last, grain=grain))
        assert measures.merge(part.cells(Measure.ORDERS) for part in figures.parts) == dict(expected)
        assert sum(figures.before.values()) == sum(day < first for day, _, _ in events)
        assert figures.parts[0].first == first
        assert figures.parts[-1].last == last


@given(first=dates, last=dates)
def test_segments_cover_a_range_exactly_once(first: date, last: date) -> None:
    days = [a + timedelta(days=n) for _, a, b in measures.segments(first, last, "y") for n in range((b - a).days + 1)]
    assert days == [first + timedelta(days=n) for n in range((last - first).days + 1)]


@given(st.lists(st.floats(0.001, 29), min_size=1, max_size=60), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_right_to_its_bin(seconds: list[float], share: float) -> None:
    bounds = measures.ANSWER_BOUNDS
    cells = Counter(measures.bound(each, bounds) for each in seconds)
    exact = sorted(seconds)[max(0, -(-len(seconds) * share // 1).__int__() - 1)]
    told = measures.quantile(cells, share, bounds)
    high = min(each for each in bounds if each >= exact)
    low = max((each for each in bounds if each < exact), default=0)
    assert low <= told <= high
