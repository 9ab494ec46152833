"""The order form as a visitor sent it, checked: papers chosen, purpose, consent. Called by ordering."""

import hashlib
import json
import re
from dataclasses import asdict, dataclass, replace

from conf.consent import current_consent
from conf.terms import PurposeCode
from store.records import Document, Dossier, Filing, LawyerClaim, OrderItem, Purpose

_KEY = re.compile(r"[A-Za-z0-9_-]{16,64}")
_LICENCE = re.compile(r"\d{17}")  # 律师执业证号, 司法部《律师和律师事务所执业证书管理办法》


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderForm:
    """Everything a visitor posts. `request_key` tells a repeat of the same order from a second order."""

    uscc: str
    request_key: str
    document_ids: tuple[str, ...] = ()
    filing_ids: tuple[str, ...] = ()
    with_extract: bool = False
    purpose: str = ""
    statement: str = ""
    licence_no: str = ""
    firm: str = ""
    case_summary: str = ""
    promised: bool = False
    consent_version: str = ""

    @property
    def names_papers(self) -> bool:
        return bool(self.document_ids or self.filing_ids)

    def digest(self) -> str:
        """SHA-256 over everything but the key, so that one key with two bodies is noticed."""
        body = asdict(replace(self, request_key=""))
        return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


def choose(dossier: Dossier | None, form: OrderForm) -> tuple[tuple[Document, ...], tuple[OrderItem, ...]]:
    """Documents the form chose, in the order of the dossier, with what the order keeps of them.

    A filing chosen whole brings its scanned documents; ids that are not in this dossier choose nothing.
    """
    wanted, whole = set(form.document_ids), set(form.filing_ids)
    chosen = [
        (filing, document)
        for filing in (dossier.filings if dossier else ())
        for document in filing.documents
        if document.id in wanted or (filing.id in whole and document.page_count)
    ]
    return tuple(document for _, document in chosen), tuple(_item(filing, document) for filing, document in chosen)


def purpose_of(form: OrderForm) -> Purpose:
    """The purpose in our terms. Lawyer's fields count only with the lawyer's purpose; an unknown code is OTHER."""
    code = PurposeCode(form.purpose) if form.purpose in set(PurposeCode) else PurposeCode.OTHER
    claim = None
    if code == PurposeCode.LEGAL_SERVICE:
        claim = LawyerClaim(
            licence_no=form.licence_no, firm=form.firm, case_summary=form.case_summary, promised=form.promised
        )
    return Purpose(code=code, statement=form.statement, lawyer=claim)


def problems(form: OrderForm, documents: tuple[Document, ...], *, max_pages: int) -> dict[str, str]:
    """Every fault of the form by field, each a sentence saying what to do; empty when all is well."""
    return _in_key(form) | _in_choice(form, documents, max_pages=max_pages) | _in_purpose(form) | _in_consent(form)


def _in_key(form: OrderForm) -> dict[str, str]:
    if _KEY.fullmatch(form.request_key):
        return {}
    return {"request_key": "页面已失效，请返回档案页重新选择材料后再提交。"}


def _in_choice(form: OrderForm, documents: tuple[Document, ...], *, max_pages: int) -> dict[str, str]:
    missing = set(form.document_ids) - {document.id for document in documents}
    has_unscanned = any(not document.page_count for document in documents)  # no title: a lawyer may not know it yet
    pages = sum(document.page_count for document in documents)
    if missing:
        return {"documents": "所选材料中有的不能提供，或已不在这份档案中，请返回档案页重新选择。"}
    if not documents and not form.with_extract:
        return {"documents": "还没有选择材料，请至少选择一份材料或机读档案。"}
    if has_unscanned:
        return {"documents": "所选材料中有的尚未扫描，暂不能网上提供，请取消选择；需要时可到登记机关档案窗口查询。"}
    if pages > max_pages:
        return {"documents": f"所选材料共 {pages} 页，一次最多 {max_pages} 页，请分几次申请。"}
    return {}


def _in_purpose(form: OrderForm) -> dict[str, str]:
    if form.purpose not in set(PurposeCode):
        return {"purpose": "请选择查询用途。"}
    if form.purpose == PurposeCode.OTHER and not form.statement:
        return {"statement": "选择“其他”时，请写明具体用途。"}
    if form.purpose != PurposeCode.LEGAL_SERVICE:
        return {}
    faults = {}
    if not _LICENCE.fullmatch(form.licence_no):
        faults["licence_no"] = "律师执业证号为 17 位数字，请核对后重新填写。"
    if not form.firm:
        faults["firm"] = "请填写律师事务所全称。"
    if not form.case_summary:
        faults["case_summary"] = "请写明承办的法律事务，以及与本企业的关系。"
    if not form.promised:
        faults["promised"] = "请阅读并勾选律师承诺。"
    return faults


def _in_consent(form: OrderForm) -> dict[str, str]:
    if form.consent_version == current_consent().version:
        return {}
    if form.consent_version:
        return {"consent": "承诺内容已更新，请重新阅读并勾选。"}
    return {"consent": "请阅读并勾选查询复制承诺。"}


def _item(filing: Filing, document: Document) -> OrderItem:
    return OrderItem(
        document_id=document.id,
        filing_id=filing.id,
        filing_title=filing.title,
        document_title=document.title,
        page_count=document.page_count,
        kind=document.kind,
    )
