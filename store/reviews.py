"""Orders as reviewers work on them: the filtered queue, claims that lapse, questions to the visitor and their answers.

The same collection as store/orders.py; nothing here moves an order. Called by the reviewing and answering flows.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from pymongo import ASCENDING, DESCENDING, ReturnDocument

from conf.errors import Conflict
from conf.terms import OrderStatus
from store.blobs import Blobs
from store.connection import Base, Row, Tx
from store.encode import changes_to_bson, from_bson, text, to_bson
from store.orders import Orders, free_for
from store.records import Order, Question

WAITING: Row = {"status": OrderStatus.UNDER_REVIEW.value}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sought:
    """What of the queue one wants to see; an empty value does not narrow. `soon` is the moment a warning begins."""

    rule: str = ""
    kind: str = ""  # natural | legal
    purpose: str = ""
    due: str = ""  # overdue | soon | later | asked (the visitor is to answer)
    holder: str = ""  # mine | nobody | others
    words: str = ""  # order number, uscc, or part of the company's name
    staff_id: str = ""
    soon: datetime | None = None


class Reviews(Orders):
    """Orders under review, with the bucket of what visitors sent with their answers."""

    def __init__(self, base: Base) -> None:
        super().__init__(base)
        self._base = base
        self._files = Blobs(base, "answers")

    async def queue(
        self, sought: Sought, *, now: datetime, after: str = "", batch: int = 20
    ) -> tuple[tuple[Order, ...], str]:
        """What waits and fits, oldest first, and the cursor of the next batch."""
        parts = [part for part in (_plain(sought), _due(sought, now), _holder(sought, now), _words(sought)) if part]
        return await self._batch({"$and": [WAITING, *parts]}, after, batch, ASCENDING)

    async def next_for(self, staff_id: str, *, now: datetime, but: str = "") -> Order | None:
        """The oldest order this reviewer could decide now: claimed by nobody else, not waiting for its visitor."""
        asked = {"$or": [{"review.waits_until": None}, {"review.waits_until": {"$lte": now}}]}
        wanted = {**WAITING, "_id": {"$ne": text(but)}, "$and": [free_for(staff_id, now), asked]}
        row = await self._orders.find_one(wanted, sort=[("created_at", ASCENDING), ("_id", ASCENDING)])
        return None if row is None else from_bson(Order, row, key="no")

    async def rules(self) -> tuple[str, ...]:
        """Ids of the rules that sent something here that still waits."""
        return tuple(sorted(str(rule) for rule in await self._orders.distinct("decision.rule_id", WAITING)))

    async def earlier(self, order: Order, batch: int = 6) -> tuple[Order, ...]:
        """What the same account asked of the same company before, newest first."""
        before = {"account_id": order.account_id, "uscc": order.uscc, "created_at": {"$lt": order.created_at}}
        rows = await self._orders.find(before).sort("created_at", DESCENDING).limit(batch).to_list()
        return tuple(from_bson(Order, row, key="no") for row in rows)

    async def take(self, no: str, staff_id: str, name: str, *, now: datetime, minutes: int, tx: Tx) -> Order:
        """Claim it until `minutes` from now; again by the same person prolongs. Conflict: another has it."""
        held = {
            "review.holder": text(staff_id), "review.holder_name": text(name),
            "review.held_until": now + timedelta(minutes=minutes),
        }  # fmt: skip
        return await self._change(no, free_for(staff_id, now), {"$set": held}, tx)

    async def give_back(self, no: str, staff_id: str, *, tx: Tx) -> Order:
        """Let go of it. Raises Conflict when this person does not have it."""
        free = {"$set": {"review.holder": "", "review.holder_name": "", "review.held_until": None}}
        return await self._change(no, {"review.holder": text(staff_id)}, free, tx)

    async def ask(
        self, no: str, question: Question, *, days_left: int, due_at: datetime, now: datetime, tx: Tx
    ) -> Order:
        """Put a question to the visitor and stop the clock. Conflict: one is open, or another has the order."""
        silent = {"$or": [{"review.waits_until": None}, {"review.waits_until": {"$lte": now}}]}
        guard = {"$and": [silent, free_for(question.by, now)]}
        change = {
            "$set": {
                "review.waits_until": question.until, "review.days_left": days_left, "due_at": due_at,
                "review.holder": "", "review.holder_name": "", "review.held_until": None,
            },
            "$push": {"review.questions": to_bson(question, key="")},
        }  # fmt: skip
        return await self._change(no, guard, change, tx)

    async def answer(self, order: Order, question: Question, *, due_at: datetime, tx: Tx) -> Order:
        """Keep the visitor's answer to the open question and start the clock again. Conflict when none is open."""
        number = len(order.review.questions) - 1
        given = changes_to_bson(
            Question, {name: getattr(question, name) for name in ("answered_at", "answer", "files")}
        )
        change = {f"review.questions.{number}.{name}": value for name, value in given.items()}
        guard = {"review.waits_until": {"$ne": None}, f"review.questions.{number}.answered_at": None}
        return await self._change(
            order.no, guard, {"$set": change | {"review.waits_until": None, "due_at": due_at}}, tx
        )

    async def put_file(self, content: bytes) -> str:
        """Keep what a visitor sent, encrypted; returns the digest it is kept under."""
        return await self._files.put(self._base.vault.conceal_bytes(content), media_type="application/octet-stream")

    async def file(self, kept_as: str) -> bytes:
        """What was sent, in clear. Raises NotFound, IntegrityFault."""
        return self._base.vault.reveal_bytes(await self._files.get(kept_as))

    async def _change(self, no: str, guard: Row, change: Row, tx: Tx) -> Order:
        wanted = {"_id": text(no), **WAITING, **guard}
        row = await self._orders.find_one_and_update(wanted, change, return_document=ReturnDocument.AFTER, session=tx)
        if row is None:
            raise Conflict(f"order {no} is not free for this")
        return from_bson(Order, row, key="no")


def _plain(sought: Sought) -> Row:
    named = {"decision.rule_id": sought.rule, "decision.facts.account": sought.kind, "purpose.code": sought.purpose}
    return {name: text(value) for name, value in named.items() if value}


def _due(sought: Sought, now: datetime) -> Row:
    ways: dict[str, Row] = {
        "overdue": {"due_at": {"$lte": now}},
        "soon": {"due_at": {"$gt": now, "$lte": sought.soon}},
        "later": {"due_at": {"$gt": sought.soon}},
        "asked": {"review.waits_until": {"$gt": now}},
    }
    return ways.get(sought.due, {})


def _holder(sought: Sought, now: datetime) -> Row:
    held, me = {"review.held_until": {"$gt": now}}, text(sought.staff_id)
    ways: dict[str, Row] = {
        "mine": held | {"review.holder": me},
        "others": held | {"review.holder": {"$nin": ["", me]}},
        "nobody": {"$or": [{"review.holder": {"$in": ["", None]}}, {"review.held_until": {"$lte": now}}]},
    }
    return ways.get(sought.holder, {})


def _words(sought: Sought) -> Row:
    if not sought.words:
        return {}
    words = text(sought.words)
    part = {"$regex": re.escape(words), "$options": "i"}
    return {"$or": [{"_id": words.upper()}, {"uscc": words.upper()}, {"company_name": part}]}
