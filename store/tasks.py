"""Tasks made of visitors' words: bad pages, papers to scan. Moved only by guarded updates. Called by flows/tasks."""

from datetime import UTC, datetime

from pymongo import ASCENDING, DESCENDING, ReturnDocument
from pymongo.errors import DuplicateKeyError

from conf.errors import Conflict, NotFound
from conf.terms import TaskKind, TaskState
from store.connection import Base, Row, Tx
from store.encode import from_bson, text, to_bson
from store.records.work import Task


class Tasks:
    """Tasks by id. The same visitor has one open task about the same page or paper."""

    def __init__(self, base: Base) -> None:
        self._rows = base["tasks"]

    async def add(self, task: Task, tx: Tx) -> None:
        """Raises Conflict when this visitor has an open one about the same thing."""
        try:
            await self._rows.insert_one(to_bson(task), session=tx)
        except DuplicateKeyError:
            raise Conflict("a task about this is open already") from None

    async def by_id(self, id: str) -> Task | None:
        row = await self._rows.find_one({"_id": text(id)})
        return from_bson(Task, row) if row else None

    async def same(self, kind: TaskKind, account_id: str, document_id: str, page: int) -> Task | None:
        """The open task of this visitor about this, if there is one."""
        about = {"account_id": text(account_id), "kind": kind.value, "document_id": text(document_id), "page": page}
        row = await self._rows.find_one({"is_open": True, **about})
        return from_bson(Task, row) if row else None

    async def claim(self, id: str, *, holder: str, name: str, tx: Tx) -> Task:
        """Take an open one. Raises Conflict when somebody has it or it has ended."""
        held = {"state": TaskState.CLAIMED.value, "holder": text(holder), "holder_name": text(name)}
        return await self._move(id, {"state": TaskState.OPEN.value}, held, tx)

    async def release(self, id: str, *, holder: str, tx: Tx) -> Task:
        """Give it back. Raises Conflict when this person does not have it."""
        free = {"state": TaskState.OPEN.value, "holder": "", "holder_name": ""}
        return await self._move(id, {"state": TaskState.CLAIMED.value, "holder": text(holder)}, free, tx)

    async def finish(self, id: str, *, holder: str, to: TaskState, result: str, at: datetime, tx: Tx) -> Task:
        """End it as done or declined. Raises Conflict when this person does not have it."""
        ended = {"state": to.value, "is_open": False, "result": text(result), "ended_at": at}
        return await self._move(id, {"state": TaskState.CLAIMED.value, "holder": text(holder)}, ended, tx)

    async def open(self, after: str = "", batch: int = 20) -> tuple[tuple[Task, ...], str]:
        """Those not ended, the earliest term first (the overdue ones stand in front), and the next batch's cursor."""
        asked: Row = {"is_open": True} | (_beyond(after) if after else {})
        rows = await self._rows.find(asked).sort([("due_at", ASCENDING), ("_id", ASCENDING)]).limit(batch + 1).to_list()
        found = tuple(from_bson(Task, row) for row in rows)
        return found[:batch], _cursor(found[batch - 1]) if len(found) > batch else ""

    async def ended(self, batch: int = 30) -> tuple[Task, ...]:
        """Those ended last, newest first."""
        rows = await self._rows.find({"is_open": False}).sort("ended_at", DESCENDING).limit(batch).to_list()
        return tuple(from_bson(Task, row) for row in rows)

    async def overdue(self, now: datetime) -> int:
        return await self._rows.count_documents({"is_open": True, "due_at": {"$lte": now}})

    async def of_account(self, account_id: str, uscc: str = "", batch: int = 30) -> tuple[Task, ...]:
        """A visitor's tasks, newest first; of one company when it is named."""
        asked: Row = {"account_id": text(account_id)} | ({"uscc": text(uscc)} if uscc else {})
        rows = await self._rows.find(asked).sort("opened_at", DESCENDING).limit(batch).to_list()
        return tuple(from_bson(Task, row) for row in rows)

    async def _move(self, id: str, guard: Row, values: Row, tx: Tx) -> Task:
        row = await self._rows.find_one_and_update(
            {"_id": text(id), **guard},
            {"$set": values, "$inc": {"version": 1}},
            return_document=ReturnDocument.AFTER,
            session=tx,
        )
        if row is not None:
            return from_bson(Task, row)
        if await self._rows.find_one({"_id": id}, {"_id": 1}, session=tx):
            raise Conflict("这项任务已经有同事处理，请看最新的状态。")
        raise NotFound(id)


def _cursor(task: Task) -> str:
    return f"{int(task.due_at.timestamp() * 1000)}~{task.id}"


def _beyond(after: str) -> Row:
    """Filter of what follows a cursor; a cursor nobody gave out leaves nothing."""
    milliseconds, _, id = text(after).partition("~")
    if not (milliseconds.isascii() and milliseconds.isdecimal()) or len(milliseconds) > 14:
        return {"_id": ""}
    at = datetime.fromtimestamp(int(milliseconds) / 1000, UTC)
    return {"$or": [{"due_at": {"$gt": at}}, {"due_at": at, "_id": {"$gt": id}}]}
