"""Small fictional companies and people (样例) for page tests."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from conf.codes import make_uscc
from conf.terms import AccountKind, FilingKind, IdentityLevel, PersonRole
from store.records import Account, Company, Filing, FormerName, Person
from tests.factories import a_company as base_company

USCC = make_uscc("MA59YA01")


def a_company(**changes: Any) -> Company:
    company = base_company(
        uscc=USCC,
        reg_no="440106000123456",
        former_names=(FormerName(name="广州样例启航科技有限公司", since=date(2010, 3, 1), until=date(2015, 6, 30)),),
        legal_representative="欧阳样例",
        capital="500万元人民币",
        established_on=date(2010, 3, 1),
        term_from=date(2010, 3, 1),
        registry="广州市天河区市场监督管理局（样例）",
        persons=(
            Person(name="欧阳样例", role=PersonRole.LEGAL_REPRESENTATIVE, id_type="身份证", id_number=None),
            Person(name="股东样例", role=PersonRole.SHAREHOLDER, id_type="身份证", id_number=None),
        ),
    )
    return replace(company, **changes)


def a_filing(number: int, kind: FilingKind, on: date, **changes: Any) -> Filing:
    filing = Filing(
        id=f"f{number}",
        uscc=USCC,
        kind=kind,
        number=number,
        business_no=f"B{number:06}",
        title="登记",
        approved_on=on,
        documents=(),
    )
    return replace(filing, **changes)


def an_account(site: Any, **changes: Any) -> Account:
    """A visitor of level L2, remembered by the store."""
    said: dict[str, Any] = {
        "provider": "tyrz",
        "subject": "u-1",
        "kind": AccountKind.NATURAL,
        "name": "欧阳样例",
        "id_type": "身份证",
        "id_number": "11010519491231002X",
        "level": IdentityLevel.L2,
        "phone": "",
        "mail": "",
        "operator_name": "",
    }
    account: Account = site.run(site.store.accounts.remember(**(said | changes)))
    return account


NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
