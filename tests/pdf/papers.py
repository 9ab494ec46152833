"""Fictional company, order, issue and scans the tests of sheets and copies work on (样例)."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO

from PIL import Image, ImageDraw

from adapters.pdf.plan import Scan
from conf.terms import Channel, OrderStatus, Outcome, PersonRole, PurposeCode
from store.records import (
    Change,
    Company,
    CopyIssue,
    Decision,
    FormerName,
    Order,
    OrderItem,
    Person,
    Purpose,
    Secret,
)
from tests.factories import a_company as base_company

NOW = datetime(2026, 11, 21, 2, 5, tzinfo=UTC)


def company(**given: object) -> Company:
    person = Person(
        name="陈䶮",
        role=PersonRole.LEGAL_REPRESENTATIVE,
        id_type="身份证",
        id_number=Secret(blind="b", masked="4401**********123X", token=b""),
        title="执行董事、总经理",
        amount="80 万元",
        share="80%",
    )
    partner = replace(person, name="刘㛃", role=PersonRole.SHAREHOLDER, title="", amount="20 万元", share="20%")
    made = base_company(
        uscc="91440106MA5CX0XX0T",
        reg_no="440106000012345",
        name="广州市天河区𠮷祥软件（样例）有限公司",
        former_names=(FormerName(name="广州𠮷星贸易（样例）有限公司", since=date(2015, 3, 2), until=date(2019, 6, 1)),),
        legal_representative="陈䶮",
        capital="100 万元人民币",
        approved_on=date(2024, 8, 9),
        domicile="广州市天河区天河路 000 号样例大厦 1201 房",
        street_code="440106013",
        street="石牌街道",
        scope="软件开发；信息技术咨询服务；数据处理和存储支持服务；" * 5,
        persons=(person, partner),
        changes=tuple(
            Change(
                item="经营范围",
                before="批发业；" * (8 + n),
                after="软件开发；" * (6 + n),
                approved_on=date(2019, 1 + n, 7),
            )
            for n in range(6)
        ),
        filing_count=7,
        last_filed_on=date(2024, 8, 9),
    )
    return replace(made, **given)  # type: ignore[arg-type]


def items(count: int) -> tuple[OrderItem, ...]:
    kinds = (
        "公司设立登记申请书",
        "公司章程",
        "股东会决议",
        "住所（经营场所）使用证明",
        "指定代表或者共同委托代理人授权委托书",
    )
    return tuple(
        OrderItem(
            document_id=f"d{n}",
            filing_id=f"f{n // 4}",
            filing_title=f"设立登记 {2015 + n // 4} 年",
            document_title=kinds[n % len(kinds)]
            + ("（关于选举陈䶮为执行董事并修改章程的补充材料）" if n % 3 == 2 else ""),
            page_count=n % 5 + 1,
        )
        for n in range(count)
    )


def order(count: int = 4, **given: object) -> Order:
    chosen = items(count)
    made = Order(
        no="TH20261121-7K3M9Q",
        account_id="a1",
        request_key="k" * 20,
        request_digest="0" * 64,
        uscc="91440106MA5CX0XX0T",
        company_name="广州市天河区𠮷祥软件（样例）有限公司",
        requester_masked="陈*",
        items=chosen,
        with_extract=True,
        page_count=sum(item.page_count for item in chosen),
        purpose=Purpose(code=PurposeCode.OWN_AFFAIRS, statement="办理银行账户变更"),
        consent_version="1",
        channel=Channel.PC,
        decision=Decision(
            outcome=Outcome.PERMIT,
            rule_id="own",
            rule_version="1",
            ground="",
            says="",
            remedy="",
            facts={},
            documents=(),
            decided_at=NOW,
        ),
        status=OrderStatus.PERMITTED,
        history=(),
        created_at=NOW,
        updated_at=NOW,
        due_at=None,
        copy_no="",
        refusal="",
        fault="",
        attempts=0,
        version=1,
        document_ids_permitted=frozenset(item.document_id for item in chosen),
    )
    return replace(made, **given)  # type: ignore[arg-type]


def issue(**given: object) -> CopyIssue:
    made = CopyIssue(
        no="THC20261121-7K3M9Q",
        order_no="TH20261121-7K3M9Q",
        code="7K3M9Q2PWXYZ4H6J8N5R",
        issued_at=NOW,
        valid_until=datetime(2027, 2, 19, 2, 5, tzinfo=UTC),
        filing_number=7,
        filed_on=date(2024, 8, 9),
        base_url="http://127.0.0.1:8000",
        is_sample=True,
    )
    return replace(made, **given)  # type: ignore[arg-type]


@cache
def scan(number: int, *, kind: str = "JPEG", width: int = 827, height: int = 1169) -> bytes:
    """A page that looks written on, at 100 dpi by default."""
    paper = Image.new("RGB", (width, height), (246, 243, 236))
    draw = ImageDraw.Draw(paper)
    for row in range(6, 40):
        ink = hashlib.sha256(f"{number}:{row}".encode()).digest()
        draw.line(
            (width // 10, row * height // 45, width // 2 + ink[0] * width // 700, row * height // 45), fill=60, width=3
        )
    content = BytesIO()
    paper.save(content, kind, **({"quality": 80} if kind == "JPEG" else {}), dpi=(100, 100))
    return content.getvalue()


def scan_of(content: bytes, number: int = 0, *, title: str = "公司章程（陈䶮、刘㛃、𠮷祥）") -> Scan:
    return Scan(
        content=content,
        document_id=f"d{number // 3}",
        document_title=title,
        original_page=number % 3 + 1,
        digest=hashlib.sha256(content).hexdigest(),
    )
