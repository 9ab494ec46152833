"""The six companies the sandbox's sample people belong to, always the same and always first."""

from datetime import date

from conf.terms import CompanyStatus, PersonRole
from handlers.flows.intake.rows import ChangeRow, CompanyRow, FormerNameRow, PersonRow
from handlers.flows.samples import codes, words
from handlers.flows.samples.people import known_people


def known_companies() -> list[CompanyRow]:
    """In the order: own dossier, rare characters, moved out, locked, sole investor, cancelled."""
    return [_main(), _rare(), _moved(), _locked(), _solo(), _cancelled()]


def _main() -> CompanyRow:
    return _company(
        1,
        "广州澈穹砺软件有限公司",
        people=_main_people(),
        established=date(2011, 3, 16),
        trade=0,
        capital="1000万元人民币",
        street="440106001",
        former_names=(
            FormerNameRow(name="广州澈穹信息科技有限公司", since=date(2011, 3, 16), until=date(2016, 5, 20)),
        ),
        changes=(
            _change("注册资本变更", "100万元人民币", "500万元人民币", date(2013, 9, 12)),
            _change("名称变更", "广州澈穹信息科技有限公司", "广州澈穹砺软件有限公司", date(2016, 5, 20)),
            _change("法定代表人变更", "祁疏朗", "沈砚澈", date(2018, 11, 8)),
            _change(
                "住所变更",
                "广州市天河区石牌街道样例西路8号",
                "广州市天河区五山街道样例东路66号1802房",
                date(2020, 6, 3),
            ),
            _change("注册资本变更", "500万元人民币", "1000万元人民币", date(2023, 4, 27)),
        ),
    )


def _main_people() -> list[PersonRow]:
    """The legal representative holds shares too; a director, a supervisor, a second shareholder and a body."""
    people = known_people(codes.credit_code(1))
    owner = {"role": PersonRole.SHAREHOLDER, "title": "", "share": "55%", "amount": "550万元"}
    body = PersonRow(
        name="广东穹旸样例投资有限公司",
        role=PersonRole.SHAREHOLDER,
        id_type="统一社会信用代码",
        id_number=codes.credit_code(9001),
        is_body=True,
        amount="200万元",
        share="20%",
    )
    rest = [
        one.model_copy(update={"amount": "250万元", "share": "25%"}) if one.role is PersonRole.SHAREHOLDER else one
        for one in people[1:]
    ]
    return [people[0], people[0].model_copy(update=owner), *rest, body]


def _rare() -> CompanyRow:
    return _company(
        2,
        "广州䶮岚瑾贸易有限公司",
        people=known_people(codes.credit_code(2)),
        established=date(2015, 7, 9),
        trade=3,
        capital="200万元人民币",
        street="440106008",
        changes=(
            _change("经营范围变更", "日用百货批发", words.TRADES[3][2], date(2019, 2, 26)),
            _change(
                "住所变更", "广州市天河区林和街道样例北街3号", "广州市天河区天河南街道样例一路20号", date(2022, 8, 15)
            ),
        ),
    )


def _moved() -> CompanyRow:
    return _company(
        3,
        "广州鸢泓屿供应链管理有限公司",
        people=known_people(codes.credit_code(3)),
        established=date(2014, 4, 22),
        trade=4,
        capital="300万元人民币",
        street="440106011",
        status=CompanyStatus.MOVED_OUT,
        ended_on=date(2025, 3, 18),
        moved_to=words.RECEIVING[0],
    )


def _locked() -> CompanyRow:
    return _company(
        4,
        "广州霁砚棠文化传播有限公司",
        people=known_people(codes.credit_code(4)),
        established=date(2017, 10, 11),
        trade=6,
        capital="100万元人民币",
        street="440106013",
        locked=True,
        lock_ground="股权纠纷核查中（样例）",
        changes=(_change("法定代表人变更", "骆清越", "阮青禾", date(2021, 12, 7)),),
    )


def _solo() -> CompanyRow:
    return _company(
        5,
        "广州市天河区㛃棠𠮷设计工作室",
        people=known_people(codes.credit_code(5)),
        established=date(2019, 5, 30),
        trade=6,
        capital="10万元人民币",
        street="440106014",
        entity_type="个人独资企业",
    )


def _cancelled() -> CompanyRow:
    owner = PersonRow(
        name="卞时雨",
        role=PersonRole.LEGAL_REPRESENTATIVE,
        id_number=codes.citizen_number(date(1972, 2, 14), 361),
        title="法定代表人、执行董事",
    )
    return _company(
        6,
        "广州瓴昀沄电子有限公司",
        people=[owner, owner.model_copy(update={"role": PersonRole.SHAREHOLDER, "title": "", "share": "100%"})],
        established=date(2008, 9, 3),
        trade=10,
        capital="50万元人民币",
        street="440106003",
        status=CompanyStatus.CANCELLED,
        ended_on=date(2022, 11, 16),
    )


def _company(
    serial: int, name: str, *, people: list[PersonRow], established: date, trade: int, street: str, **more: object
) -> CompanyRow:
    changes = more.get("changes", ())
    ended = more.get("ended_on")
    days = [established, *(one.approved_on for one in changes), *([ended] if ended else [])]  # type: ignore[attr-defined]
    fields: dict[str, object] = {
        "entity_type": "有限责任公司(自然人投资或控股)",
        "status": CompanyStatus.ACTIVE,
        "approved_on": days[-1],
        "filing_count": len(days),
        "last_filed_on": days[-1],
    }
    return CompanyRow(
        kind="company",
        uscc=codes.credit_code(serial),
        reg_no=codes.registration_number(serial),
        name=name,
        legal_representative=people[0].name,
        established_on=established,
        term_from=established,
        domicile=f"广州市天河区{words.STREETS[street]}样例东路{serial * 66}号1802房",
        street_code=street,
        street=words.STREETS[street],
        scope=f"{words.TRADES[trade][2]}。{words.FICTION}",
        registry=words.REGISTRY,
        industry=words.TRADES[trade][1],
        persons=tuple(people),
        **(fields | more),  # type: ignore[arg-type]
    )


def _change(item: str, before: str, after: str, approved_on: date) -> ChangeRow:
    return ChangeRow(item=item, before=before, after=after, approved_on=approved_on)
