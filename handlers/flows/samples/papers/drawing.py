"""The child's part of the samples: facts of one document → its pages, drawn, scanned and rendered as an import does."""

import io
from collections.abc import Callable
from hashlib import sha256

from PIL import Image

from adapters.imaging import ScanPage
from adapters.imaging.render import render
from handlers.flows.intake.taking import Taken, TakenPage
from handlers.flows.samples.papers import agreements, bylaws, decisions, forms
from handlers.flows.samples.papers.facts import Facts
from handlers.flows.samples.papers.scanner import scan
from handlers.flows.samples.papers.sheet import DPI, Sheet

#: Which paper is written how, by document type; `filings.py` uses these types and no other.
WRITERS: dict[str, Callable[[Sheet, Facts], None]] = {
    "登记申请书": forms.application,
    "授权委托书": forms.authority,
    "身份证明": forms.identity,
    "联络员信息": forms.contact,
    "登记通知书": forms.notice,
    "审核表": forms.review,
    "名称预先核准通知书": forms.name_notice,
    "章程": bylaws.articles,
    "章程修正案": bylaws.amendment,
    "股东会决议": decisions.resolution,
    "任职文件": decisions.appointment,
    "验资证明": decisions.capital_report,
    "清税证明": decisions.tax_clearance,
    "清算报告": decisions.liquidation,
    "房屋租赁合同": agreements.lease,
    "股权转让协议": agreements.transfer,
    "股权质押合同": agreements.pledge,
}


def draw(facts: Facts) -> Taken:
    """All pages of the document; the same bytes for the same facts."""
    sheet = Sheet(footer=f"样例材料，内容纯属虚构，仅用于系统演示　{facts.business_no}　{facts.kind}")
    WRITERS[facts.kind](sheet, facts)
    pages = []
    for number, page in enumerate(sheet.pages, start=1):
        content = scan(page, seed=f"{facts.seed}/{number}", colour=facts.colour)
        with Image.open(io.BytesIO(content), formats=("JPEG",)) as image:
            width, height = image.size
        kept = ScanPage(content=content, media_type="image/jpeg", width=width, height=height, dpi=DPI)
        pages.append(TakenPage(scan=kept, sizes=render(content)))
    return Taken(digest=sha256(facts.seed.encode()).hexdigest(), total=len(pages), pages=tuple(pages))
