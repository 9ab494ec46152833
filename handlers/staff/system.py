"""How the system stands: inspection reports, listed and shown for printing. They are made by flows/inspecting."""

from conf.rights import Action
from handlers.guards import staff
from handlers.staff import StaffHandler
from views.contexts.system import InspectionPage, Inspections

TITLE = "运行巡检"


class System(StaffHandler):
    """`/staff/system`: the last reports, the last backup, the jobs."""

    @staff(Action.SYSTEM_SEE)
    async def get(self) -> None:
        reports = await self.store.inspections.recent()
        backup = await self.store.backups.last()
        self.show(Inspections(title=TITLE, reports=reports, backup=backup, jobs=await self.store.jobs.all()))


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
