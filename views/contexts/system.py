"""Contexts of the pages that say how the system stands."""

from itertools import groupby

from store.records.keeping import BackupMade, Health, Inspection, InspectionItem, JobRun
from views.contexts import Context, context

HEALTH = {Health.GOOD: ("正常", "success"), Health.WATCH: ("注意", "warning"), Health.BAD: ("异常", "danger")}
JOBS = {"retention": "到期清理（每日）", "inspection": "运行巡检（每月）"}


@context
class Inspections(Context):
    """The last reports, the last backup, the turns of the jobs."""

    template = "pages/staff_system.html"
    reports: tuple[Inspection, ...]
    backup: BackupMade | None
    jobs: tuple[JobRun, ...]
    may_inspect: bool = False

    def health(self, health: Health) -> tuple[str, str]:
        return HEALTH[health]

    def count(self, report: Inspection, health: str) -> int:
        return sum(item.health == health for item in report.items)

    def job(self, run: JobRun) -> str:
        return JOBS.get(run.name, run.name)


@context
class InspectionPage(Context):
    """One report, part by part."""

    template = "pages/staff_system_report.html"
    report: Inspection

    def health(self, health: Health) -> tuple[str, str]:
        return HEALTH[health]

    @property
    def parts(self) -> tuple[tuple[str, tuple[InspectionItem, ...]], ...]:
        grouped = groupby(self.report.items, key=lambda item: item.part)
        return tuple((part, tuple(items)) for part, items in grouped)
