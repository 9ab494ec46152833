"""Fictional companies for the store's tests: made from a seeded random source, all codes valid, all names invented."""

import random
from datetime import date

from conf.codes import make_reg_no, make_uscc
from conf.terms import CompanyStatus
from store.records import Company, FormerName

REGIONS = ["广州市天河区", "广州市", "广州", "广东", "", "（广州）", "中国"]
BRANDS = ["天河", "腾龙", "天", "河海", "星云", "云海", "龙腾", "䶮达", "𠮷星", "鑫源", "KTV", "天河星", "海天", "软星"]
TRADES = ["软件", "科技", "信息科技", "餐饮", "商贸", "天河软件", "文化传播", "云软件", "咨询"]
FORMS = ["有限公司", "有限责任公司", "（集团）有限公司", "股份有限公司", "中心（有限合伙）", "店", "有限公司天河分公司"]
PEOPLE = ["王明", "李天河", "欧阳星云", "张软", "陈海", "阿卜杜拉·买买提", "王明明", "林䶮"]
STATUSES = [CompanyStatus.ACTIVE, CompanyStatus.ACTIVE, *CompanyStatus]


def company_name(source: random.Random) -> str:
    brand = source.choice(BRANDS) + source.choice(["", "", source.choice(BRANDS)])
    name = source.choice(REGIONS) + brand + source.choice(TRADES) + source.choice(FORMS)
    return name.replace("软", "軟") if source.random() < 0.05 else name


def company(number: int, source: random.Random, **changes: object) -> Company:
    """The company with that serial number; `changes` replaces any of its fields."""
    former = tuple(
        FormerName(name=company_name(source), since=date(2001, 1, 1), until=date(2010, 1, 1))
        for _ in range(source.choice([0, 0, 0, 1, 2]))
    )
    values: dict[str, object] = {
        "uscc": make_uscc(f"MA{number:06d}"),
        "reg_no": make_reg_no(f"4401060{number:07d}") if source.random() < 0.5 else "",
        "old_reg_nos": (f"企独粤穗总字第00{number:04d}号",) if source.random() < 0.1 else (),
        "name": company_name(source),
        "former_names": former,
        "entity_type": "有限责任公司(自然人投资或控股)",
        "status": source.choice(STATUSES),
        "legal_representative": source.choice(PEOPLE),
        "capital": "100万元人民币",
        "established_on": date(2000 + number % 20, 1 + number % 12, 1 + number % 28),
        "approved_on": date(2021, 1, 1),
        "term_from": None,
        "term_to": None,
        "ended_on": None,
        "domicile": "广州市天河区样例路1号",
        "street_code": "440106001",
        "street": "五山街道",
        "scope": "样例",
        "registry": "广州市天河区市场监督管理局",
        "moved_to": "",
        "industry": "软件和信息技术服务业",
        "parent_uscc": "",
        "persons": (),
        "changes": (),
        "locked": False,
        "lock_ground": "",
        "filing_count": 1,
        "last_filed_on": date(2021, 1, 1),
    }
    return Company(**(values | changes))  # type: ignore[arg-type]


def companies(count: int, seed: int = 1) -> list[Company]:
    source = random.Random(seed)
    return [company(number, source) for number in range(1, count + 1)]
