"""The inspection report: made each month by itself, on demand by `eqicha.py inspect` and on /staff/system.

Each part is asked by itself, so that one which does not answer is a line of the report and not its end. The texts are
read by staff, so they are Chinese; what a counterpart's probe says is its own words.
"""

import asyncio
import re
import shutil
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from adapters.probing import front_probe
from conf.keys import Keys
from conf.logs import get_log
from conf.settings import Settings
from conf.terms import AuditTag, OutboxStatus
from handlers.flows.checking import examine
from handlers.flows.evidence import verify_audit
from handlers.flows.ordering import Trace
from handlers.flows.retention import TRACE
from store import Store, Tx
from store.ids import sortable_id
from store.records.keeping import Health, Inspection, InspectionItem

if TYPE_CHECKING:
    from adapters.assembly import Adapters

log = get_log("inspecting")

GOOD, WATCH, BAD = Health.GOOD, Health.WATCH, Health.BAD
#: Shares of a disk or of memory that are taken.
FULL, ALMOST_FULL = 0.80, 0.90
#: Seconds: something waits longer than is usual, or so long that somebody must look.
LONG, TOO_LONG = 3600, 24 * 3600
SEAL_DAYS = 30
PROVEN_DAYS = 35
BEHIND_SECONDS = 60
STATES = {"submitted": "待处理申请", "under_review": "待审核申请", "permitted": "待制作", "sealing": "正在签章"}
KINDS = {"sms": "短信", "mail": "邮件", "rating": "评价上报"}
PARTS = {"settings": "参数", "database": "数据库", "seal": "签章", "outbox": "消息", "breakers": "熔断"}
Items = list[InspectionItem]


async def inspect(
    store: Store,
    adapters: "Adapters",
    settings: Settings,
    keys: Keys,
    *,
    now: datetime,
    period: str = "",
    trace: Trace = TRACE,
) -> Inspection:
    """Look at everything, keep the report, say so in the audit. `period` is the month it was due for."""
    looks: list[tuple[str, Callable[[], Awaitable[Items]]]] = [
        ("服务器", lambda: asyncio.to_thread(_machine, settings.var_dir)),
        ("数据库", lambda: _database(store)),
        ("办理", lambda: _queues(store)),
        ("消息", lambda: _messages(store)),
        ("对接和证书", lambda: _counterparts(store, adapters, settings, keys)),
        ("备份", lambda: _backups(store, settings, now)),
        ("定时任务", lambda: _jobs(store)),
        ("审计", lambda: _audit(store, keys, settings, now)),
    ]
    items: Items = []
    for part, look in looks:
        try:
            items += await look()
        except Exception as fault:
            log.exception("inspection_part_failed", part=part)
            items.append(_item(part, "检查", BAD, f"未能完成（{type(fault).__name__}）", "请查看服务日志。"))
    made = Inspection(id=sortable_id(now), made_at=now, period=period, items=tuple(items))

    async def work(tx: Tx) -> None:
        fields = {"period": period, "health": made.health.value}
        await store.inspections.add(made, tx)
        await store.audit.append(
            tag=AuditTag.INSPECTION_MADE, subject=made.id, outcome="done", fields=fields, tx=tx, **trace
        )

    await store.atomically(work)
    log.info("inspection_made", id=made.id, period=period, health=made.health.value)
    return made


def _machine(var_dir: Path) -> Items:
    """Disk of our own files, memory of the host and of this process (Linux)."""
    disk = shutil.disk_usage(var_dir if var_dir.exists() else var_dir.parent)
    memory = _kilobytes(Path("/proc/meminfo"))
    own = _kilobytes(Path("/proc/self/status")).get("VmRSS", 0)
    total, free = memory.get("MemTotal", 1), memory.get("MemAvailable", 0)
    return [
        _filled("服务器", "磁盘", disk.used, disk.total, "请清理旧日志和缓存，或扩充磁盘。"),
        _filled("服务器", "内存", (total - free) * 1024, total * 1024, "请检查占用内存的进程，或扩充内存。"),
        _item("服务器", "本服务内存", GOOD, _bytes(own * 1024)),
    ]


async def _database(store: Store) -> Items:
    facts, size = await store.server(), await store.inspections.database_size()
    kept = f"{size['documents']:,} 条，数据 {_bytes(size['data'])}，占盘 {_bytes(size['storage'] + size['indexes'])}"
    items = [
        _item("数据库", "版本", GOOD, f"MongoDB {facts.version}，{facts.write_concern}"),
        _item("数据库", "大小", GOOD, kept),
    ]
    if size["disk_total"]:
        advice = "磁盘写满会使节点停止，请尽快扩充。"
        items.append(_filled("数据库", "磁盘", size["disk_used"], size["disk_total"], advice))
    members = await store.inspections.members()
    if members is None:
        told = f"副本集 {facts.replica_set}"
        return [*items, _item("数据库", "副本", GOOD, told, "如需列出各节点，请给服务账号 clusterMonitor 角色。")]
    for host, state, behind in members:
        is_well = state in ("PRIMARY", "SECONDARY", "ARBITER")
        health = BAD if not is_well else WATCH if behind > BEHIND_SECONDS else GOOD
        advice = "" if health is GOOD else "请检查该节点的网络、磁盘和日志。"
        items.append(_item("数据库", f"副本 {host}", health, f"{state}，落后 {behind:.0f} 秒", advice))
    return items


async def _queues(store: Store) -> Items:
    ages = await store.orders.queue_ages()
    return [
        _aged("办理", STATES.get(status.value, status.value), age, "请查看工作台和服务日志。")
        for status, age in ages.items()
    ] or [_item("办理", "队列", GOOD, "没有等待的申请")]


async def _messages(store: Store) -> Items:
    ages = await store.outbox.ages()
    items = [
        _aged("消息", KINDS.get(kind.value, kind.value), age, "请查看“对接与消息”。") for kind, age in ages.items()
    ]
    failed = await store.outbox.listed((OutboxStatus.REJECTED, OutboxStatus.GAVE_UP), limit=100)
    advice = "请在“对接与消息”中核对后重发。" if failed else ""
    count = "100 条以上" if len(failed) == 100 else f"{len(failed)} 条"
    return [*items, _item("消息", "没有送达", WATCH if failed else GOOD, count, advice)]


async def _counterparts(store: Store, adapters: "Adapters", settings: Settings, keys: Keys) -> Items:
    items = []
    for finding in await examine(store, adapters, settings, keys):
        if finding.part in ("database", "outbox"):  # looked at above, in more detail
            continue
        days = re.search(r"(\d+) days left", finding.says)
        ends_soon = finding.part == "seal" and days is not None and int(days[1]) < SEAL_DAYS
        health = BAD if not finding.is_well else WATCH if ends_soon else GOOD
        advice = "" if health is GOOD else "请按运维手册处理（更换证书、联系对方单位）。"
        items.append(_item("对接和证书", PARTS.get(finding.part, finding.part), health, finding.says, advice))
    probe = front_probe(settings)
    if probe is not None:
        try:
            items.append(_item("对接和证书", "网站证书", GOOD, await probe()))
        except Exception as fault:
            items.append(_item("对接和证书", "网站证书", BAD, str(fault), "请检查 nginx 和网站证书。"))
    return items


async def _backups(store: Store, settings: Settings, now: datetime) -> Items:
    last, proven = await store.backups.last(), await store.backups.last_proven()
    items = []
    if last is None:
        items.append(_item("备份", "最近备份", BAD, "还没有备份", "请运行 eqicha.py backup，并设为每日执行。"))
    else:
        hours = (now - last.made_at).total_seconds() / 3600
        health = BAD if hours > settings.backup_max_hours * 3 else WATCH if hours > settings.backup_max_hours else GOOD
        told = f"{last.name}，{_bytes(last.size)}，{hours:.0f} 小时前"
        items.append(_item("备份", "最近备份", health, told, "" if health is GOOD else "请检查定时备份任务。"))
    if proven is None or proven.verified_at is None:
        items.append(_item("备份", "最近核验", WATCH, "还没有核验过备份", "请运行 eqicha.py verify 备份文件。"))
    else:
        days = (now - proven.verified_at).days
        health = WATCH if days > PROVEN_DAYS else GOOD
        advice = "" if health is GOOD else "请每月至少核验一次备份。"
        items.append(_item("备份", "最近核验", health, f"{proven.name}，{days} 天前", advice))
    return items


async def _jobs(store: Store) -> Items:
    runs = await store.jobs.all()
    names = {"retention": "到期清理", "inspection": "月度巡检"}
    return [
        _item(
            "定时任务",
            names.get(run.name, run.name),
            BAD if run.fault else GOOD,
            f"{run.period} 未完成：{run.fault}" if run.fault else run.period,
            "请查看服务日志中的 job_failed。" if run.fault else "",
        )
        for run in runs
    ]


async def _audit(store: Store, keys: Keys, settings: Settings, now: datetime) -> Items:
    waits = await store.audit.oldest_unsequenced_age()
    latest, trim = await store.audit.latest_checkpoint(), await store.audit.trims.last()
    report = await verify_audit(store, keys, settings.var_dir)
    at = "" if report.first_bad is None else f"（位置 {report.first_bad}）"
    told = f"{report.size} 条，{report.checkpoints} 个签名点" if report.ok else f"{at}{report.problem}"
    advice = "" if report.ok else "请立即停止清理和恢复操作，按运维手册“审计核验不通过”处理。"
    items = [
        _item("审计", "核验", GOOD if report.ok else BAD, told, advice),
        _item(
            "审计",
            "待编号",
            WATCH if waits > 60 else GOOD,
            f"最久 {waits:.0f} 秒",
            "请确认有进程启用了后台任务。" if waits > 60 else "",
        ),
    ]
    if latest is not None:
        items.append(_item("审计", "最近签名", GOOD, f"第 {latest.size} 条，{_ago(now - latest.at)}前"))
    if trim is not None:
        items.append(_item("审计", "到期清理", GOOD, f"第 {trim.size} 条之前已依期限清理"))
    return items


def _item(part: str, name: str, health: Health, says: str, advice: str = "") -> InspectionItem:
    return InspectionItem(part=part, name=name, health=health, says=says, advice=advice)


def _filled(part: str, name: str, used: int, total: int, advice: str) -> InspectionItem:
    share = used / max(total, 1)
    health = BAD if share >= ALMOST_FULL else WATCH if share >= FULL else GOOD
    told = f"已用 {share:.0%}，剩余 {_bytes(total - used)}"
    return _item(part, name, health, told, "" if health is GOOD else advice)


def _aged(part: str, name: str, age: float, advice: str) -> InspectionItem:
    health = BAD if age > TOO_LONG else WATCH if age > LONG else GOOD
    minutes = age / 60
    told = f"最久等了 {minutes:.0f} 分钟" if minutes < 120 else f"最久等了 {minutes / 60:.0f} 小时"
    return _item(part, name, health, told, "" if health is GOOD else advice)


def _ago(passed: timedelta) -> str:
    minutes = int(passed.total_seconds() // 60)
    return f"{minutes} 分钟" if minutes < 120 else f"{minutes // 60} 小时"


def _bytes(size: float) -> str:
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit in ("B", "KB") else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TB"


def _kilobytes(path: Path) -> dict[str, int]:
    """`Name:   123 kB` lines of a /proc file; empty where there is none."""
    try:
        lines = path.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return {}
    found = (re.match(r"(\w+):\s+(\d+) kB", line) for line in lines)
    return {each[1]: int(each[2]) for each in found if each}
