"""One fictional company (样例) for every room's tests: give what matters to the test, the rest is filled in."""

from dataclasses import replace
from datetime import date
from typing import Any

from conf.codes import make_uscc
from conf.terms import CompanyStatus
from store.records import Company

USCC = make_uscc("MA59YA01")


def a_company(**changes: Any) -> Company:
    """An active limited company of Tianhe with nobody in it and nothing changed; `changes` are fields of Company."""
    company = Company(
        uscc=USCC,
        reg_no="440106000000010",
        old_reg_nos=(),
        name="广州样例云帆软件有限公司",
        former_names=(),
        entity_type="有限责任公司（自然人投资或控股）",
        status=CompanyStatus.ACTIVE,
        legal_representative="样例甲",
        capital="100万元人民币",
        established_on=date(2015, 3, 2),
        approved_on=date(2024, 5, 6),
        term_from=date(2015, 3, 2),
        term_to=None,
        ended_on=None,
        domicile="广州市天河区样例路1号",
        street_code="440106001",
        street="五山街道",
        scope="软件开发；信息技术咨询服务",
        registry="广州市天河区市场监督管理局",
        moved_to="",
        industry="软件和信息技术服务业",
        parent_uscc="",
        persons=(),
        changes=(),
        locked=False,
        lock_ground="",
        filing_count=2,
        last_filed_on=date(2024, 5, 6),
    )
    return replace(company, **changes)
