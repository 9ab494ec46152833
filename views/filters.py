"""Small functions a template may call as filters: dates, codes, names of terms, marked matches."""

from collections.abc import Callable, Iterable
from datetime import date, datetime
from html import escape
from typing import Any

from markupsafe import Markup

from conf.clock import beijing
from conf.terms import (
    PURPOSES,
    BatchStatus,
    CaseCheck,
    CompanyStatus,
    EntryPoint,
    FilingKind,
    OrderStatus,
    OrganKind,
    PersonRole,
    PurposeCode,
    Satisfaction,
    VerifyResult,
)
from store.records import Hit

COMPANY_STATUS = {
    CompanyStatus.ACTIVE: "存续",
    CompanyStatus.MOVED_OUT: "迁出",
    CompanyStatus.REVOKED: "吊销",
    CompanyStatus.CANCELLED: "注销",
    CompanyStatus.ANNULLED: "撤销",
    CompanyStatus.SUSPENDED: "歇业",
}
FILING_KIND = {
    FilingKind.ESTABLISHMENT: "设立登记",
    FilingKind.CHANGE: "变更登记",
    FilingKind.RECORD: "备案",
    FilingKind.CANCELLATION: "注销登记",
    FilingKind.REVOCATION: "吊销、撤销",
    FilingKind.MOVE_IN: "迁入",
    FilingKind.MOVE_OUT: "迁出",
    FilingKind.PLEDGE: "股权出质",
    FilingKind.SUSPENSION: "歇业备案",
    FilingKind.ANNUAL: "年检、年报",
    FilingKind.LICENCE: "补换执照",
    FilingKind.SUPERVISION: "监督管理",
}
PERSON_ROLE = {
    PersonRole.LEGAL_REPRESENTATIVE: "法定代表人",
    PersonRole.RESPONSIBLE_PERSON: "负责人",
    PersonRole.MANAGING_PARTNER: "执行事务合伙人",
    PersonRole.OPERATOR: "经营者",
    PersonRole.INVESTOR: "投资人",
    PersonRole.SHAREHOLDER: "股东",
    PersonRole.DIRECTOR: "董事",
    PersonRole.SUPERVISOR: "监事",
    PersonRole.EXECUTIVE: "高级管理人员",
}
ORDER_STATUS = {
    OrderStatus.SUBMITTED: "已提交",
    OrderStatus.UNDER_REVIEW: "人工审核中",
    OrderStatus.PERMITTED: "已同意，排队制作",
    OrderStatus.SEALING: "正在盖章",
    OrderStatus.READY: "可以下载",
    OrderStatus.DOWNLOADED: "已下载",
    OrderStatus.RATED: "已评价",
    OrderStatus.REFUSED: "未予同意",
    OrderStatus.FAILED: "制作失败",
    OrderStatus.EXPIRED: "已过下载期",
}
SATISFACTION = {
    Satisfaction.VERY_GOOD: "非常满意",
    Satisfaction.GOOD: "满意",
    Satisfaction.FAIR: "基本满意",
    Satisfaction.BAD: "不满意",
    Satisfaction.VERY_BAD: "非常不满意",
}
VERIFY_RESULT = {
    VerifyResult.VALID: "有效",
    VerifyResult.EXPIRED: "已过有效期",
    VerifyResult.WITHDRAWN: "已撤回",
    VerifyResult.NOT_FOUND: "查无此件",
    VerifyResult.ALTERED: "内容被改动",
}
ENTRY_POINT = {
    EntryPoint.SHB: "穗好办",
    EntryPoint.YST: "粤商通",
    EntryPoint.PORTAL: "广东政务服务网",
}
ORGAN_KIND = {
    OrganKind.PUBLIC_SECURITY: "公安机关",
    OrganKind.STATE_SECURITY: "国家安全机关",
    OrganKind.PROCURATORATE: "检察机关",
    OrganKind.COURT: "审判机关",
    OrganKind.SUPERVISION: "纪检监察机关",
    OrganKind.AUDIT: "审计机关",
    OrganKind.OTHER: "其他机关单位",
}
CASE_CHECK = {CaseCheck.PENDING: "待核查", CaseCheck.IN_ORDER: "核查无误", CaseCheck.OBJECTION: "提出异议"}
BATCH_STATUS = {
    BatchStatus.WAITING: "等待审批",
    BatchStatus.APPROVED: "已批准，正在制作",
    BatchStatus.READY: "可以下载",
    BatchStatus.DECLINED: "未批准",
    BatchStatus.FAILED: "制作失败",
}
_KINDS = {
    CaseCheck.PENDING: "warning",
    CaseCheck.IN_ORDER: "success",
    CaseCheck.OBJECTION: "danger",
    BatchStatus.WAITING: "warning",
    BatchStatus.APPROVED: "info",
    BatchStatus.READY: "success",
    BatchStatus.DECLINED: "neutral",
    BatchStatus.FAILED: "danger",
    CompanyStatus.ACTIVE: "success",
    CompanyStatus.REVOKED: "danger",
    CompanyStatus.ANNULLED: "danger",
    CompanyStatus.SUSPENDED: "warning",
    CompanyStatus.MOVED_OUT: "info",
    OrderStatus.READY: "success",
    OrderStatus.DOWNLOADED: "success",
    OrderStatus.RATED: "success",
    OrderStatus.REFUSED: "danger",
    OrderStatus.FAILED: "danger",
    OrderStatus.UNDER_REVIEW: "warning",
    OrderStatus.EXPIRED: "neutral",
}


def label(term: Any) -> str:
    """A term in the visitor's language: statuses, kinds, roles, purposes, satisfaction."""
    for table in _TABLES:
        if type(term) is table[0]:
            return table[1][term]
    return str(term)


def tag_kind(status: Any) -> str:
    """Colour family of a status tag; the text says the same, so colour is never alone."""
    return _KINDS.get(status, "neutral")


def day(value: date | None, absent: str = "—") -> str:
    """2026年11月21日; a moment is first brought to Beijing time."""
    if value is None:
        return absent
    if isinstance(value, datetime):
        value = beijing(value)
    return f"{value.year}年{value.month}月{value.day}日"


def minute(value: datetime | None, absent: str = "—") -> str:
    """2026年11月21日 10:05, Beijing time."""
    return absent if value is None else f"{day(value)} {beijing(value):%H:%M}"


def second(value: datetime) -> str:
    """2026年11月21日 10:05:30, Beijing time; for what an extract was made from."""
    return f"{day(value)} {beijing(value):%H:%M:%S}"


def iso(value: date | datetime | None) -> str:
    """For `<time datetime=…>`."""
    return value.isoformat() if value else ""


def marked(text: str, spans: Iterable[tuple[int, int]]) -> Markup:
    """`text` with the (start, end) spans in `<mark>`; everything is escaped first."""
    pieces = _marked(text, spans)  # each went through `escape`
    return Markup(pieces)  # noqa: S704  # nosec B704


def status_tag(status: Any) -> Markup:
    """A status as a coloured tag that also says it in words."""
    found = _TAGS.get(status)
    if found is None:
        found = _TAGS[status] = Markup('<span class="eq-tag eq-tag--{}">{}</span>').format(
            tag_kind(status), label(status)
        )
    return found


def hit_facts(hit: Hit) -> Markup:
    """Code, legal representative, street and date of one hit, the matched part marked; one piece for speed."""
    is_code, is_person = hit.kind == "code", hit.kind == "person"
    code = _marked(hit.uscc, hit.spans) if is_code and hit.matched == hit.uscc else _escaped(hit.uscc)
    facts = [code]
    if is_code and hit.matched != hit.uscc:
        facts.append(f"注册号 {_marked(hit.matched, hit.spans)}")
    facts.append(f"法定代表人 {_marked(hit.matched, hit.spans) if is_person else _escaped(hit.legal_representative)}")
    if hit.street:
        facts.append(_escaped(hit.street))
    if hit.established_on:
        facts.append(f"{day(hit.established_on)}成立")
    said = "</span> <span>".join(facts)
    # Safe: a fact is made of words of ours, a date, and what went through `escape`.
    return Markup(f"<span>{said}</span>")  # noqa: S704  # nosec B704


def _escaped(text: str) -> str:
    """Letters, digits and Chinese need no escaping; asking first is ten times faster than replacing."""
    return text if text.isalnum() else escape(text)


def _marked(text: str, spans: Iterable[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in sorted(spans):
        if start < at or end <= start or end > len(text):
            continue
        parts.append(f"{_escaped(text[at:start])}<mark>{_escaped(text[start:end])}</mark>")
        at = end
    parts.append(_escaped(text[at:]))
    return "".join(parts)


def grouped(code: str, size: int = 4) -> str:
    """A long code in groups for the eye: 9144 0101 …"""
    return " ".join(code[i : i + size] for i in range(0, len(code), size))


def count(number: int) -> str:
    """1,234"""
    return f"{number:,}"


_TABLES: tuple[tuple[type, dict[Any, str]], ...] = (
    (CompanyStatus, COMPANY_STATUS),
    (FilingKind, FILING_KIND),
    (PersonRole, PERSON_ROLE),
    (PurposeCode, PURPOSES),
    (OrderStatus, ORDER_STATUS),
    (Satisfaction, SATISFACTION),
    (VerifyResult, VERIFY_RESULT),
    (EntryPoint, ENTRY_POINT),
    (OrganKind, ORGAN_KIND),
    (CaseCheck, CASE_CHECK),
    (BatchStatus, BATCH_STATUS),
)
_TAGS: dict[Any, Markup] = {}
FILTERS: dict[str, Callable[..., Any]] = {
    "label": label,
    "tag_kind": tag_kind,
    "day": day,
    "minute": minute,
    "second": second,
    "iso": iso,
    "marked": marked,
    "status_tag": status_tag,
    "hit_facts": hit_facts,
    "grouped": grouped,
    "count_text": count,
}
