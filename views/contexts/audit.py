"""Contexts of the auditor's pages (search, one event, the tree) and the rows of an export; nothing names a person."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from conf.clock import beijing
from conf.terms import AuditTag, Channel, CheckStatus
from store.records import AuditEvent, Checkpoint
from store.records.audit import AuditBatch, AuditCheck, AuditProof
from views import audit_words as words
from views.contexts import Context, context

#: Heads of an export, in the order of `row_of`.
HEADS = (
    "位置", "时间（北京时间）", "种类", "种类代码", "结果", "人员类别", "人员代号", "渠道", "对象", "请求编号",
    "地址代号", "内容", "记录编号", "叶摘要",
)  # fmt: skip
ANY = ("", "全部")


def row_of(event: AuditEvent) -> tuple[str, ...]:
    """One event as a line of the exported table."""
    inside = "；".join(f"{words.field_words(n)}：{words.value_words(n, v)}" for n, v in sorted(event.fields.items()))
    return (
        "" if event.position is None else str(event.position), exact(event.at), words.kind_words(event.tag),
        str(event.tag), words.outcome_words(event.outcome), words.ACTORS.get(event.role, event.role), event.who,
        words.channel_words(str(event.channel)), event.subject, event.request_id, event.address, inside,
        event.id, event.leaf,
    )  # fmt: skip


def exact(at: datetime) -> str:
    """2026-11-21 10:05:30.123, Beijing time."""
    return f"{beijing(at):%Y-%m-%d %H:%M:%S}.{at.microsecond // 1000:03d}"


class _Words:
    """What both pages of events call things."""

    def kind(self, event: AuditEvent) -> str:
        return words.kind_words(event.tag)

    def outcome(self, event: AuditEvent) -> str:
        return words.outcome_words(event.outcome)

    def actor(self, event: AuditEvent) -> str:
        return words.ACTORS.get(event.role, event.role or "系统")

    def channel(self, event: AuditEvent) -> str:
        return words.channel_words(str(event.channel))

    def exact(self, at: datetime) -> str:
        return exact(at)

    def code(self, keyed: str) -> str:
        """A keyed hash, short enough to compare by eye."""
        return keyed[:12] if len(keyed) == 64 else keyed


@context
class AuditPage(Context, _Words):
    """What was asked (`given`, as it stands in the address), and what was found."""

    template = "pages/staff_audit.html"
    given: Mapping[str, str]
    found: AuditBatch
    export_rows: int
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[tuple[str, str], ...]:
        return ANY, *((str(tag), words.kind_words(tag)) for tag in sorted(AuditTag, key=words.kind_words))

    @property
    def outcomes(self) -> tuple[tuple[str, str], ...]:
        return ANY, *words.OUTCOMES.items()

    @property
    def channels(self) -> tuple[tuple[str, str], ...]:
        return ANY, *((str(channel), words.channel_words(str(channel))) for channel in Channel)

    @property
    def persons(self) -> str:
        return "、".join(self.code(who) for who in self.given.get("who", "").split(",") if who)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.given)

    @property
    def next_address(self) -> str:
        return f"/staff/audit?{urlencode({**self.given, 'after': self.found.after})}"


@context
class AuditEventPage(Context, _Words):
    """One event with everything it holds, and its proof: `signed` says whether our key signed the checkpoint."""

    template = "pages/staff_audit_event.html"
    event: AuditEvent
    proof: AuditProof | None
    signed: bool
    problem: str = ""

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        event = self.event
        inside = tuple((words.field_words(n), words.value_words(n, v)) for n, v in sorted(event.fields.items()))
        return (
            ("时间（北京时间）", exact(event.at)),
            ("种类", f"{self.kind(event)}（{event.tag}）"),
            ("结果", self.outcome(event)),
            ("人员类别", self.actor(event)),
            ("人员代号", event.who or "—"),
            ("渠道", self.channel(event)),
            ("网络地址代号", event.address or "—"),
            ("对象", event.subject or "—"),
            *inside,
            ("请求编号", event.request_id or "—"),
            ("记录编号", event.id),
            ("位置", "等待编号" if event.position is None else str(event.position)),
            ("叶摘要", event.leaf),
        )

    @property
    def proof_rows(self) -> tuple[tuple[str, str], ...]:
        if self.proof is None:
            return ()
        checkpoint = self.proof.checkpoint
        return (
            ("位置", f"{self.event.position}，在前 {checkpoint.size} 条记录的树中"),
            ("树根", checkpoint.root),
            ("签署时间", exact(checkpoint.at)),
            ("签署密钥", checkpoint.key_id),
            ("证明路径", f"{len(self.proof.path)} 个摘要"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointRow:
    """One checkpoint as it stands in the database and in the file."""

    checkpoint: Checkpoint
    signed: bool
    in_file: str  # same, other, missing, not looked at
    in_store: bool


@context
class AuditTreePage(Context):
    """The tree as it stands, the latest check, the newest checkpoints beside the file."""

    template = "pages/staff_audit_tree.html"
    fragment = "check"
    size: int
    root: str
    waiting_seconds: float
    check: AuditCheck | None
    is_dead: bool
    rows: tuple[CheckpointRow, ...]
    file_problem: str
    key_id: str

    @property
    def is_running(self) -> bool:
        return self.check is not None and self.check.status is CheckStatus.RUNNING and not self.is_dead

    @property
    def percent(self) -> int:
        check = self.check
        return 100 * check.done // check.size if check and check.size else 0

    @property
    def fault(self) -> str:
        return words.FAULTS[self.check.fault] if self.check and self.check.fault else ""

    @property
    def bad_rows(self) -> int:
        return sum(not row.signed or row.in_file in ("other", "missing") or not row.in_store for row in self.rows)

    def exact(self, at: datetime) -> str:
        return exact(at)

    def file_words(self, row: CheckpointRow) -> tuple[str, str]:
        if not row.in_store:
            return "只在文件里", "danger"
        return {
            "same": ("一致", "success"),
            "other": ("不一致", "danger"),
            "missing": ("文件里没有", "danger"),
        }.get(row.in_file, ("未比对", "neutral"))


def checkpoint_rows(
    stored: tuple[Checkpoint, ...], filed: tuple[Checkpoint, ...], signed: Mapping[Checkpoint, bool]
) -> tuple[CheckpointRow, ...]:
    """The newest checkpoints, largest first, each beside the line of the file of the same size."""
    least = min((checkpoint.size for checkpoint in stored), default=0)
    in_store = {checkpoint.size for checkpoint in stored}
    known: dict[int, Checkpoint] = {checkpoint.size: checkpoint for checkpoint in filed}
    rows = [CheckpointRow(checkpoint=c, signed=signed[c], in_file=_compared(c, known), in_store=True) for c in stored]
    rows += [
        CheckpointRow(checkpoint=c, signed=signed[c], in_file="same", in_store=False)
        for size, c in known.items()
        if size not in in_store and size > least
    ]
    return tuple(sorted(rows, key=lambda row: row.checkpoint.size, reverse=True))


def _compared(checkpoint: Checkpoint, known: Mapping[int, Checkpoint]) -> str:
    line: Any = known.get(checkpoint.size)
    if line is None:
        return "missing" if known and checkpoint.size > min(known) else "unknown"
    return "same" if line == checkpoint else "other"
