"""The audit's writing side: exact fields, nothing personal, consecutive positions from any number of processes."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from conf.terms import AUDIT_FIELDS, AuditTag
from store import Store
from store.merkle import tree_root
from tests.conftest import Clock
from tests.store.conftest import DATABASE
from tests.store.things import an_event


def append_many(store: Store, run: Any, count: int) -> None:
    async def work(tx: Any) -> None:
        for n in range(count):
            await store.audit.append(**an_event(n), tx=tx)

    run(store.atomically(work))


def test_an_event_takes_exactly_the_fields_of_its_tag(store: Store, run: Any) -> None:
    for fields in ({}, {"size": "view"}, {"size": "view", "rule": "own", "more": 1}):
        with pytest.raises(ValueError, match="takes the fields rule, size"):
            run(store.audit.append(**an_event(fields=fields)))
    for value in ({"$gt": ""}, 1.5, b"x", ["a", {"b": 1}]):
        with pytest.raises(ValueError, match="must be a text"):
            run(store.audit.append(**an_event(fields={"size": "view", "rule": value})))
    assert run(store.audit.sequence("p")) == 0


def test_every_tag_can_be_written_read_and_verified(store: Store, run: Any) -> None:
    for tag in AuditTag:
        fields = dict.fromkeys(AUDIT_FIELDS[tag], "x") | (
            {"roles": ("a", "b")} if tag is AuditTag.STAFF_CREATED else {}
        )
        run(store.audit.append(**an_event(tag=tag, fields=fields)))
    assert run(store.audit.sequence("p")) == len(AuditTag)
    assert [event.tag for event in run(store.audit.events())] == list(AuditTag)
    assert run(store.audit.verify(())).ok


def test_nobody_is_named_in_the_evidence(store: Store, run: Any, mongo_url: str) -> None:
    event = run(
        store.audit.append(**an_event(tag=AuditTag.PERSON_SEARCHED, fields={"query": "李样例", "hits": 3}, who="acc-9"))
    )
    assert event.who == store.vault.person_key("acc-9")
    assert run(store.audit.append(**an_event(who=event.who))).who == event.who, "keyed once, however it is given"
    assert run(store.audit.append(**an_event(who=""))).who == ""
    with MongoClient(mongo_url) as client:
        raw = str(list(client[DATABASE]["audit_events"].find()))
    assert not any(plain in raw for plain in ("acc-9", "192.0.2.7", "李样例"))


def test_positions_are_consecutive_in_order_of_writing_and_the_tree_is_theirs(store: Store, run: Any) -> None:
    append_many(store, run, 1203)
    run(store.audit.append(**an_event(1203)))
    assert run(store.audit.sequence("p")) == 1204
    events = run(store.audit.events(0, 2000))
    assert [event.position for event in events] == list(range(1204))
    assert [event.subject for event in events] == [f"page-{n}" for n in range(1204)]
    frontier = run(store.audit.frontier())
    assert (frontier.size, frontier.root) == (1204, tree_root([bytes.fromhex(event.leaf) for event in events]))


def test_an_event_that_commits_late_gets_a_later_position(store: Store, run: Any) -> None:
    async def work(tx: Any) -> None:
        await store.audit.append(**an_event(1), tx=tx)
        await store.audit.append(**an_event(2))  # outside: committed while the transaction is still open
        assert await store.audit.sequence("p") == 1

    run(store.atomically(work))
    assert run(store.audit.sequence("p")) == 1
    assert [event.subject for event in run(store.audit.events())] == ["page-2", "page-1"]
    assert run(store.audit.verify(())).ok


def test_several_sequencers_and_writers_at_once_leave_no_gap_and_no_fork(
    store: Store, run: Any, store_clock: Clock
) -> None:
    async def write(writer: int) -> None:
        for n in range(40):
            await store.audit.append(**an_event(writer * 100 + n))

    async def sequence(owner: str) -> None:
        for _ in range(8):
            await store.audit.sequence(owner)
            store_clock.forward(seconds=11)  # every lease is over: all of them believe it is their turn
            await store.audit._sequencer.step("f" * 30)  # and one who lost the lease goes on all the same

    async def all_of_them() -> None:
        await asyncio.gather(*(write(n) for n in range(5)), *(sequence(f"p{n}") for n in range(4)))
        store_clock.forward(seconds=11)
        await store.audit.sequence("last")

    run(all_of_them())
    report = run(store.audit.verify(()))
    assert (report.ok, report.size, report.problem) == (True, 200, "")


def test_a_process_without_the_lease_leaves_the_work_to_the_holder(store: Store, run: Any, store_clock: Clock) -> None:
    append_many(store, run, 3)
    assert run(store.leases.take("audit-sequencer", "holder", 10))
    assert run(store.audit.sequence("other")) == 0
    assert run(store.audit.oldest_unsequenced_age()) == 0
    store_clock.forward(seconds=10)
    assert run(store.audit.oldest_unsequenced_age()) == 10
    assert run(store.audit.sequence("other")) == 3
    assert run(store.audit.oldest_unsequenced_age()) == 0


def test_a_checkpoint_is_made_only_when_the_log_has_grown(store: Store, run: Any) -> None:
    def sign(text: bytes) -> tuple[str, bytes]:
        return "key", text[:3]

    assert run(store.audit.checkpoint(sign)) is None
    append_many(store, run, 5)
    run(store.audit.sequence("p"))
    made = run(store.audit.checkpoint(sign))
    assert (made.size, made.root) == (5, run(store.audit.frontier()).root.hex())
    assert run(store.audit.checkpoint(sign)) is None
    assert run(store.audit.checkpoints()) == (made,)


def test_an_event_keeps_its_own_time_to_the_millisecond(store: Store, run: Any, store_clock: Clock) -> None:
    at = store_clock() - timedelta(hours=3, microseconds=1)
    event = run(store.audit.append(**an_event(at=at)))
    run(store.audit.sequence("p"))
    (kept,) = run(store.audit.events())
    assert kept.at == event.at == at.replace(microsecond=999000)
    assert run(store.audit.verify(())).ok
