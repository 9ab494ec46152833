"""What the sandbox remembers, all in memory: what each system received, switched faults, codes and tokens."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from conf.clock import beijing, utc_now
from conf.settings import Settings
from conf.terms import IdentityLevel

SYSTEMS = {
    "identity": "统一身份认证平台",
    "sms": "短信平台",
    "sms2": "第二家短信平台",
    "mail": "邮件服务器",
    "rating": "好差评平台",
    "seal": "电子印章平台",
    "tsa": "时间戳服务",
    "shb": "穗好办",
    "yst": "粤商通",
    "portal": "政务服务网",
    "sharing": "市政务信息共享平台",
    "licence": "电子营业执照平台",
}

#: name → what a tester reads. `lost`, `slow` and `truncated` do the work first; the others never get that far.
FAULTS = {
    "refuse": "拒绝连接",
    "slow": "很慢才答复",
    "hang": "永不答复",
    "500": "内部错误 500",
    "html": "答复网页",
    "truncated": "答复中断（已办理）",
    "garbage": "答复乱码",
    "huge": "答复无穷大",
    "bomb": "答复压缩炸弹",
    "redirect": "重定向到别处",
    "lost": "答复丢失（已办理）",
}
#: Faults that only those can have who look at the time, and those who call us.
CLOCK_FAULT = {"clock": "时钟快一小时"}
CALLING_FAULTS = {"forged": "回调签名错误", "twice": "回调重复", "late": "回调迟到"}
KEEPS_TIME = frozenset({"sms", "sms2", "rating", "tsa", "seal", "sharing", "shb", "yst", "portal"})
CALLS_US = frozenset({"sms", "rating", "licence", "identity"})
CLOCK_OFF = timedelta(hours=1)


#: Faults only one system can have: `lost-seal` loses the answer to a sealing that was done, and nothing else.
OWN_FAULTS = {
    "seal": {
        "other-certificate": "用另一张证书签章",
        "other-document": "交回另一份文件",
        "changed-page": "改动页面后签章",
        "lost-seal": "签章答复丢失（已办理）",
    },
}


def faults_of(system: str) -> dict[str, str]:
    """The faults this system can have: name → what a tester reads."""
    clock = CLOCK_FAULT if system in KEEPS_TIME else {}
    return FAULTS | clock | (CALLING_FAULTS if system in CALLS_US else {}) | OWN_FAULTS.get(system, {})


class Faults:
    """Which system misbehaves how, and for how many more calls (None: until switched off)."""

    def __init__(self) -> None:
        self._set: dict[str, tuple[str, int | None]] = {}
        self._spared: dict[str, int] = {}

    def switch(self, system: str, fault: str, times: int | None = None, *, after: int = 0) -> None:
        """`fault` "" switches off; the next `after` calls are spared. KeyError: no such system, or no fault of its."""
        SYSTEMS[system]
        if not fault:
            self._set.pop(system, None)
            return
        faults_of(system)[fault]
        self._set[system], self._spared[system] = (fault, times), after

    def clear(self) -> None:
        """Everything answers properly again."""
        self._set.clear()

    def take(self, system: str, *, calling: bool = False) -> str:
        """The fault for the call that comes in now, or (`calling`) that goes out to us; counts it down."""
        fault, times = self._set.get(system, ("", None))
        if fault not in CLOCK_FAULT and calling != (fault in CALLING_FAULTS):
            return ""
        if fault and self._spared.get(system, 0) > 0:
            self._spared[system] -= 1
            return ""
        if times is not None:
            self.switch(system, fault if times > 1 else "", times - 1)
        return fault

    def shown(self) -> dict[str, dict[str, Any]]:
        """System → fault and how many calls it is still good for."""
        return {system: {"fault": fault, "times": times} for system, (fault, times) in self._set.items()}


@dataclass(kw_only=True)
class SandboxState:
    """One sandbox. Everything a counterpart would keep; nothing survives a restart."""

    settings: Settings
    clock: Callable[[], datetime] = utc_now
    slow_seconds: float = 5.0
    late_seconds: float = 20.0
    faults: Faults = field(default_factory=Faults)
    received: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {name: [] for name in SYSTEMS})
    calls: Counter[str] = field(default_factory=Counter)  # requests seen per system, answered or not
    callbacks_to: str = ""  # address before /<system> of those who listen to calls; empty: nobody does
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    # identity: one-time codes and tokens by their text, raised levels by person key
    codes: dict[str, dict[str, Any]] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    levels: dict[str, IdentityLevel] = field(default_factory=dict)
    # sms: templates registered besides those of the start; nonces seen; rating: cases, services by their keys
    templates: dict[str, str] = field(default_factory=dict)
    nonces: set[str] = field(default_factory=set)
    cases: dict[str, dict[str, str]] = field(default_factory=dict)
    services: dict[tuple[str, str], dict[str, str]] = field(default_factory=dict)
    # apps: tickets by their text; portal: cases by their number
    tickets: dict[str, dict[str, Any]] = field(default_factory=dict)
    portal_cases: dict[str, dict[str, Any]] = field(default_factory=dict)
    # sharing: companies by code, in that platform's fields; licence: numbers of its calls by ticket
    registry: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    scans: dict[str, str] = field(default_factory=dict)
    scan_codes: dict[str, str] = field(default_factory=dict)
    # seal: sealed documents by business number, and a lock for each that is being sealed
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    presses: dict[str, asyncio.Lock] = field(default_factory=dict)

    def record(self, system: str, key: str, **facts: Any) -> dict[str, Any]:
        """Keep what came in under `key`; the same key again only counts as a repeat. Returns the kept row."""
        for row in self.received[system]:
            if row["key"] == key:
                row["repeats"] += 1
                return row
        number = f"{system.upper()}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"
        row = {"key": key, "number": number, "repeats": 0, "at": f"{beijing(self.clock()):%Y-%m-%d %H:%M:%S}", **facts}
        self.received[system].append(row)
        return row

    def forget(self) -> None:
        """As freshly started, faults off; used between tests."""
        self.faults.clear()
        self.calls.clear()
        for kept in (
            self.codes,
            self.tokens,
            self.levels,
            self.templates,
            self.nonces,
            self.cases,
            self.services,
            self.scans,
            self.scan_codes,
            self.documents,
            self.tickets,
            self.portal_cases,
        ):
            kept.clear()
        for rows in self.received.values():
            rows.clear()
