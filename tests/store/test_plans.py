"""No question of the evidence half reads a whole collection: the server's own profile is the witness."""

from collections.abc import Awaitable
from typing import Any

from pymongo import MongoClient

from conf.terms import OrderStatus
from store import Store
from tests.store.conftest import DATABASE
from tests.store.things import T0, USCC, a_copy, a_message, a_rating, a_session, an_event, an_order


def questions(store: Store) -> list[Awaitable[Any]]:
    order = an_order()
    return [
        store.orders.create(order),
        store.orders.of_account("acc-1"),
        store.orders.of_account("acc-1", "1795000000000~TH"),
        store.orders.waiting_for_review(),
        store.orders.claim((OrderStatus.SUBMITTED,), "p", 30),
        store.orders.claim((OrderStatus.PERMITTED, OrderStatus.SEALING), "p", 30),
        store.orders.release(order.no, "p"),
        store.orders.queue_ages(),
        store.copies.create(a_copy(store, order)),
        store.orders.due_to_expire(T0, 10),
        store.copies.by_code("7K3M9QABCDEFGHJKMNPQ"),
        store.copies.by_order(order.no),
        store.copies.by_sha256("0" * 64),
        store.outbox.put(a_message("a", "o1")),
        store.outbox.put(a_message("b", "o1")),
        store.outbox.claim("p", 30),
        store.outbox.claim("p", 30),
        store.outbox.done("m-a", "p"),
        store.outbox.ages(),
        store.outbox.recent("o1"),
        store.ratings.add(a_rating("o1")),
        store.ratings.of_order("o1"),
        store.ratings.tally(T0),
        store.orders.due_for_default(T0),
        store.followups.open(),
        store.followups.open("1795000000000~TH"),
        store.followups.closed(),
        store.followups.overdue(T0),
        store.sessions.create(a_session()),
        store.sessions.load("0" * 64),
        store.sessions.drop_of(account_id="acc-1"),
        store.sessions.drop_of(staff_id="staff-1"),
        store.accounts.grants("acc-1", USCC),
        store.staff.by_login("chen"),
        store.terminals.by_key("key"),
        store.limits.hit("k", 1, 60),
        store.audit.append(**an_event()),
        store.audit.oldest_unsequenced_age(),
        store.audit.sequence("p"),
        store.audit.events(0, 10),
        store.audit.checkpoint(lambda text: ("key", text)),
        store.audit.latest_checkpoint(),
    ]


def test_every_question_has_its_index(store: Store, run: Any, mongo_url: str) -> None:
    with MongoClient(mongo_url) as client:
        db = client[DATABASE]
        db.command("profile", 2)
        try:
            for question in questions(store):
                run(question)
        finally:
            db.command("profile", 0)
        seen = list(db["system.profile"].find({"ns": {"$not": {"$regex": "system"}}}))
        db["system.profile"].drop()
    scans = {(row["ns"], row["op"]) for row in seen if "COLLSCAN" in row.get("planSummary", "")}
    assert len(seen) > 40
    assert scans == set()
