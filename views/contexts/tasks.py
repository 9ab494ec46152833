"""Contexts of tasks: the list and one task for our people; what a visitor is shown of their own."""

from dataclasses import field
from datetime import datetime

from conf.terms import PageFault, TaskKind, TaskState
from store.records.work import Task
from views.contexts import Context, context
from views.contexts.terms import last_day
from views.filters import day, minute

KINDS = {TaskKind.BAD_PAGE: "坏页反馈", TaskKind.SCAN: "补扫申请"}
STATES = {
    TaskState.OPEN: ("等待办理", "warning"),
    TaskState.CLAIMED: ("正在办理", "info"),
    TaskState.DONE: ("✓ 已办结", "success"),
    TaskState.DECLINED: ("不予办理", "danger"),
}
FAULTS = {
    PageFault.UNREADABLE: "模糊，看不清",
    PageFault.CUT: "缺边、缺角，内容不全",
    PageFault.TURNED: "方向不对",
    PageFault.MISSING: "前后缺页",
    PageFault.WRONG: "不是这份材料的页",
    PageFault.DAMAGED: "打不开，显示影像损坏",
}
RESULTS = (("", "请选择"), (TaskState.DONE.value, "已办结"), (TaskState.DECLINED.value, "不予办理"))


def standing(task: Task, now: datetime, soon: datetime) -> tuple[str, str]:
    """How the term of an open task stands: words with a sign, and the colour of the tag."""
    if not task.is_open:
        return STATES[task.state]
    due = day(last_day(task.due_at))
    if now >= task.due_at:
        return f"⚠ 已超期，应于{due}前办结", "danger"
    return (f"⏰ 快到期，{due}前办结", "warning") if task.due_at <= soon else (f"{due}前办结", "neutral")


def told(task: Task) -> tuple[str, str]:
    """What the visitor is told of the state of their own task, and the colour."""
    if task.is_open:
        return f"{STATES[task.state][0]}，{day(last_day(task.due_at))}前办结", STATES[task.state][1]
    return STATES[task.state]


@context
class StaffTasks(Context):
    """What is to be done, the most urgent first, or what was ended last."""

    template = "pages/staff_tasks.html"
    fragment = "batch"
    tasks: tuple[Task, ...]
    after: str
    is_first: bool
    is_ended: bool
    overdue: int
    now: datetime
    soon: datetime
    done: str = ""

    def kind(self, task: Task) -> str:
        return KINDS[task.kind]

    def standing(self, task: Task) -> tuple[str, str]:
        return standing(task, self.now, self.soon)


@context
class StaffTask(Context):
    """One task, and what the viewer may do with it."""

    template = "pages/staff_task.html"
    task: Task
    words: str
    is_mine: bool
    now: datetime
    soon: datetime
    problem: str = ""
    to: str = ""
    result: str = ""
    errors: dict[str, str] = field(default_factory=dict)

    results = RESULTS

    @property
    def standing(self) -> tuple[str, str]:
        return standing(self.task, self.now, self.soon)

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        task = self.task
        return (
            ("编号", task.id),
            ("企业", f"{task.company_name}（{task.uscc}）"),
            ("材料", f"{task.document_title}（{task.document_id}）" + (f"，第 {task.page} 页" if task.page else "")),
            *((("问题", FAULTS[task.fault]),) if task.fault else ()),
            *((("补充说明", self.words),) if self.words else ()),
            ("提出人", task.requester_masked),
            ("提出时间", minute(task.opened_at)),
            ("期限", minute(last_day(task.due_at))),
            ("状态", STATES[task.state][0] + (f"（{task.holder_name}）" if task.holder_name else "")),
            *((("结果", f"{task.result}（{minute(task.ended_at)}）"),) if task.result else ()),
        )
