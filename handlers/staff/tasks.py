"""Tasks at the desk: the list, the overdue first, and one task claimed, given back or ended with a result."""

from collections.abc import Awaitable
from typing import Any

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action
from conf.workdays import end_of_term
from handlers.flows import tasks
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts import tasks as contexts

NO = r"(TK\d{8}-[0-9A-Z]{6})"


class TaskList(StaffHandler):
    """`/staff/tasks`; `view=ended` shows those ended last."""

    @staff(Action.TASKS_WORK)
    async def get(self) -> None:
        now, after, is_ended = self.clock(), self.text("after", max=200), self.text("view", max=10) == "ended"
        store = self.store.tasks
        found, rest = (await store.ended(), "") if is_ended else await store.open(after=after)
        self.show(
            contexts.StaffTasks(
                title="补扫与坏页", tasks=found, after=rest, is_first=not after, is_ended=is_ended, now=now,
                overdue=await store.overdue(now), soon=end_of_term(now, self.conf.review_warn_days),
                done=self.text("done", max=20),
            )
        )  # fmt: skip


class TaskHandler(StaffHandler):
    """What the addresses of one task share."""

    async def show_task(
        self, id: str, *, status: int = 200, errors: dict[str, str] | None = None, problem: str = ""
    ) -> None:
        assert self.staff is not None  # by the guard
        task = await self.store.tasks.by_id(id)
        if task is None:
            raise NotFound(id)
        now = self.clock()
        self.show(
            contexts.StaffTask(
                title=contexts.KINDS[task.kind], task=task, now=now, problem=problem, errors=errors or {},
                words=self.store.vault.reveal(task.words) if task.words else "", is_mine=task.holder == self.staff.id,
                soon=end_of_term(now, self.conf.review_warn_days), to=self.text("to", max=20),
                result=self.text("result", max=2000),
            ),
            status=status,
        )  # fmt: skip

    async def act(self, id: str, work: Awaitable[Any], *, then: str) -> None:
        """Do it, or show the task again with what was wrong."""
        try:
            await work
        except Invalid as fault:
            await self.show_task(id, status=422, errors=fault.fields)
        except Conflict as fault:
            await self.show_task(id, status=409, problem=str(fault))
        else:
            self.go(then)

    def known(self) -> dict[str, Any]:
        return {"staff": self.staff, "now": self.clock(), "trace": self.audit_context()}


class OneTask(TaskHandler):
    """`/staff/tasks/{id}`"""

    @staff(Action.TASKS_WORK)
    async def get(self, id: str) -> None:
        await self.show_task(id)


class Claim(TaskHandler):
    """`/staff/tasks/{id}/claim`"""

    @staff(Action.TASKS_WORK)
    async def post(self, id: str) -> None:
        await self.act(id, tasks.claim(self.store, id, **self.known()), then=f"/staff/tasks/{id}")


class Release(TaskHandler):
    """`/staff/tasks/{id}/release`"""

    @staff(Action.TASKS_WORK)
    async def post(self, id: str) -> None:
        await self.act(id, tasks.release(self.store, id, **self.known()), then=f"/staff/tasks/{id}")


class Finish(TaskHandler):
    """`/staff/tasks/{id}/finish`: done or declined, with a result the visitor reads."""

    @staff(Action.TASKS_WORK)
    async def post(self, id: str) -> None:
        to, result = self.text("to", max=20), self.text("result", max=2000).strip()
        work = tasks.finish(self.store, id, to=to, result=result, **self.known())
        await self.act(id, work, then=f"/staff/tasks?done={id}")


ROUTES = [
    (r"/staff/tasks", TaskList),
    (rf"/staff/tasks/{NO}", OneTask),
    (rf"/staff/tasks/{NO}/claim", Claim),
    (rf"/staff/tasks/{NO}/release", Release),
    (rf"/staff/tasks/{NO}/finish", Finish),
]
