"""How the system stands: inspection reports, listed, shown for printing, made now by flows/inspecting."""

from conf.errors import TooMany
from conf.rights import Action, may
from handlers.flows.inspecting import inspect
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts.system import InspectionPage, Inspections

TITLE = "运行巡检"


class System(StaffHandler):
    """`/staff/system`: the last reports, the last backup, the jobs; POST makes a report now."""

    @staff(Action.SYSTEM_SEE)
    async def get(self) -> None:
        assert self.staff is not None  # by the guard
        self.show(
            Inspections(
                title=TITLE,
                reports=await self.store.inspections.recent(),
                backup=await self.store.backups.last(),
                jobs=await self.store.jobs.all(),
                may_inspect=may(self.staff.roles, Action.SYSTEM_INSPECT),
            )
        )

    @staff(Action.SYSTEM_INSPECT)
    async def post(self) -> None:
        """Look at everything now and show the report; once a minute in all, as it reads the whole audit."""
        wait = await self.limits.hit("inspection", 1, 60)
        if wait:
            raise TooMany(wait)
        here = self.application
        made = await inspect(
            self.store, self.adapters, self.conf, here.keys, now=self.clock(), trace=self.audit_context()
        )
        self.go(f"/staff/system/{made.id}")


class SystemReport(StaffHandler):
    """`/staff/system/{id}`: one report, as it is printed."""

    @staff(Action.SYSTEM_SEE)
    async def get(self, inspection_id: str) -> None:
        report = await self.store.inspections.by_id(inspection_id)
        self.show(InspectionPage(title="巡检报告", report=report))


ROUTES = [
    (r"/staff/system", System),
    (r"/staff/system/([A-Za-z0-9_.-]{1,80})", SystemReport),
]
