"""Fictional companies, visitors and papers for the tests of access; every name and number is made up (样例)."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from conf.terms import (
    AccountKind,
    CompanyStatus,
    DocumentFlag,
    IdentityLevel,
    PersonRole,
    PurposeCode,
)
from store.records import Account, Company, Document, Grant, LawyerClaim, Person, Purpose, Secret
from tests.factories import a_company as base_company

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
USCC = "91440106MA9W00010Y"
OTHER_USCC = "92440106MA9W00029Q"
OWN = Purpose(code=PurposeCode.OWN_AFFAIRS)
CLAIM = LawyerClaim(licence_no="14401202010123456", firm="广东样例律师事务所", case_summary="股权纠纷", promised=True)
AS_LAWYER = Purpose(code=PurposeCode.LEGAL_SERVICE, lawyer=CLAIM)


def secret(plain: str) -> Secret:
    """Stands for an encrypted value: equal plain texts have equal blind indexes."""
    return Secret(blind=hashlib.sha256(plain.encode()).hexdigest(), masked="*", token=b"")


def person(name: str, role: PersonRole, number: str, *, is_body: bool = False) -> Person:
    return Person(name=name, role=role, id_type="身份证", id_number=secret(number), is_body=is_body)


def account(
    name: str,
    number: str,
    *,
    level: int = 2,
    kind: AccountKind = AccountKind.NATURAL,
    uscc: str = "",
) -> Account:
    return Account(
        id=f"a-{name}-{kind}",
        provider="tyrz",
        subject=name,
        kind=kind,
        name=name,
        id_type="身份证",
        id_number=secret(number),
        level=IdentityLevel(level),
        phone=None,
        mail=None,
        uscc=uscc,
        operator_name="",
        created_at=NOW,
        signed_in_at=NOW,
    )


HEADS = {
    "legal_representative": ("样例甲", "N1"),
    "responsible_person": ("样例乙", "N2"),
    "managing_partner": ("样例丙", "N3"),
    "operator": ("样例丁", "N4"),
    "investor": ("样例戊", "N5"),
}
INTERESTED = {
    "shareholder": ("样例己", "N6"),
    "director": ("样例庚", "N7"),
    "supervisor": ("样例辛", "N8"),
    "executive": ("样例壬", "N9"),
}
BODY = ("广州样例投资有限公司", OTHER_USCC)


def company(**changes: object) -> Company:
    people = [person(name, PersonRole(role), number) for role, (name, number) in (HEADS | INTERESTED).items()]
    people.append(person(*BODY[:1], PersonRole.SHAREHOLDER, BODY[1], is_body=True))
    made = base_company(
        uscc=USCC,
        name="广州市天河区样例科技有限公司",
        entity_type="有限责任公司",
        scope="软件开发",
        industry="I65",
        persons=tuple(people),
    )
    return replace(made, **changes)


MOVED = {"status": CompanyStatus.MOVED_OUT, "moved_to": "广州市番禺区市场监督管理局"}
LOCKED = {"locked": True, "lock_ground": "样例：协助调查"}

VISITORS: dict[str, Account | None] = {
    "anonymous": None,
    "stranger": account("路人样", "N99"),
    "company": account("广州市天河区样例科技有限公司", USCC, kind=AccountKind.LEGAL, uscc=USCC),
    "other company": account("广州路过有限公司", "9144XX", kind=AccountKind.LEGAL, uscc="91440101633203772F"),
    "body shareholder": account("广州样例投资有限公司（更名）", OTHER_USCC, kind=AccountKind.LEGAL, uscc=OTHER_USCC),
    **{role: account(*who) for role, who in (HEADS | INTERESTED).items()},
}


def document(
    name: str = "d1", *flags: DocumentFlag, kind: str = "章程", title: str = "公司章程", uscc: str = USCC
) -> Document:
    return Document(
        id=name,
        filing_id="f1",
        uscc=uscc,
        kind=kind,
        title=title,
        dated=date(2024, 5, 1),
        flags=frozenset(flags),
        page_count=3,
        catalogued_pages=3,
    )


def grant(who: Account, *documents: str, rule: str = "dossier.lawyer", days: float = 1, uscc: str = USCC) -> Grant:
    return Grant(
        id="g1",
        account_id=who.id,
        uscc=uscc,
        document_ids=frozenset(documents),
        order_no="TH20261101-7K3M9Q",
        rule_id=rule,
        until=NOW + timedelta(days=days),
    )
