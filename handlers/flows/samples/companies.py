"""Fictional companies of Tianhe, the same for the same seed; the registry stores them, the bench searches them.

The first six are those of the sandbox's sample people. Every row says in its scope that it is fictional.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

from conf.codes import make_uscc
from conf.terms import CompanyStatus, PersonRole
from handlers.flows.intake.rows import ChangeRow, CompanyRow, FormerNameRow, PersonRow
from handlers.flows.samples import codes, words
from handlers.flows.samples.known import known_companies
from handlers.flows.samples.people import invent

#: The day the sample registry was drawn up; nothing in it lies later, so a seed gives the same rows for ever.
TODAY = date(2026, 10, 30)
_STATUSES = [CompanyStatus.ACTIVE] * 80 + [CompanyStatus.CANCELLED] * 8 + [CompanyStatus.MOVED_OUT] * 4
_STATUSES += [CompanyStatus.REVOKED] * 4 + [CompanyStatus.SUSPENDED] * 3 + [CompanyStatus.ANNULLED]
_FORMS = ["limited"] * 58 + ["sole"] * 10 + ["shares"] * 5 + ["investor"] * 6 + ["partners"] * 6 + ["shop"] * 8
_FORMS += ["branch"] * 7
_TYPES = {
    "limited": "有限责任公司(自然人投资或控股)",
    "sole": "有限责任公司(自然人独资)",
    "shares": "股份有限公司(非上市、自然人投资或控股)",
    "investor": "个人独资企业",
    "partners": "有限合伙企业",
    "shop": "个体工商户",
    "branch": "有限责任公司分公司(自然人投资或控股)",
}
_TAILS = {"limited": "有限公司", "sole": "有限公司", "shares": "股份有限公司", "partners": "合伙企业（有限合伙）"}
_HEADS = {
    "limited": PersonRole.LEGAL_REPRESENTATIVE,
    "sole": PersonRole.LEGAL_REPRESENTATIVE,
    "shares": PersonRole.LEGAL_REPRESENTATIVE,
    "investor": PersonRole.INVESTOR,
    "partners": PersonRole.MANAGING_PARTNER,
    "shop": PersonRole.OPERATOR,
    "branch": PersonRole.RESPONSIBLE_PERSON,
}


def make_companies(count: int, *, seed: int) -> Iterator[CompanyRow]:
    """`count` companies, one after the other, distinct names and codes; up to two million."""
    known = known_companies()
    yield from known[:count]
    maker = _Maker(Random(seed), {row.name for row in known})
    for serial in range(len(known) + 1, count + 1):
        yield maker.make(serial)


class _Maker:
    """Draws one company after the other and remembers what near-duplicates and branches lean on."""

    def __init__(self, random: Random, taken: set[str]) -> None:
        self.random, self.taken = random, taken
        self.parents: list[CompanyRow] = []
        self.brands: list[str] = []

    def make(self, serial: int) -> CompanyRow:
        form = self.random.choice(_FORMS)
        if form == "branch" and not self.parents:
            form = "limited"
        trade = self.random.choice(words.TRADES)
        parent = self.random.choice(self.parents) if form == "branch" else None
        name = self._name(form, trade[0], parent)
        established = date(2003, 1, 6) + timedelta(days=self.random.randrange(8300))
        row = self._row(serial, form, name, trade, established, parent)
        if form == "limited" and row.status is CompanyStatus.ACTIVE and len(self.parents) < 500:
            self.parents.append(row)
        return row

    def _row(
        self,
        serial: int,
        form: str,
        name: str,
        trade: tuple[str, str, str],
        established: date,
        parent: CompanyRow | None,
    ) -> CompanyRow:
        random = self.random
        persons = self._with_bodies(serial, form, self._persons(form))
        changes = tuple(self._changes(established, name))
        street = random.choice(list(words.STREETS))
        capital = (
            "" if form in {"shop", "branch"} else f"{random.choice((10, 50, 100, 200, 500, 1000, 3000))}万元人民币"
        )
        return CompanyRow(
            kind="company",
            uscc=codes.credit_code(serial, kind="2" if form == "shop" else "1"),
            reg_no=codes.registration_number(serial, first="6" if form == "shop" else "0"),
            name=name,
            former_names=self._former(name, changes),
            entity_type=_TYPES[form],
            legal_representative=persons[0].name,
            capital=capital,
            established_on=established,
            term_from=established,
            term_to=None if random.random() < 0.6 else established.replace(year=established.year + 20, day=1),
            domicile=_domicile(random, street),
            street_code=street,
            street=words.STREETS[street],
            scope=f"{trade[2]}。{words.FICTION}",
            registry=words.REGISTRY,
            industry=trade[1],
            parent_uscc=parent.uscc if parent else "",
            persons=tuple(persons),
            changes=changes,
            **self._standing(established, changes),
        )

    def _standing(self, established: date, changes: tuple[ChangeRow, ...]) -> dict[str, Any]:
        """Status and what goes with it: the day it ended, where it moved, a lock, the count of filings."""
        random = self.random
        status = random.choice(_STATUSES)
        latest = changes[-1].approved_on if changes else established
        is_over = status not in {CompanyStatus.ACTIVE, CompanyStatus.SUSPENDED}
        ended = _later(random, latest) if is_over else None
        is_locked = status is CompanyStatus.ACTIVE and random.random() < 0.02
        return {
            "status": status,
            "approved_on": ended or latest,
            "ended_on": ended,
            "moved_to": random.choice(words.RECEIVING) if status is CompanyStatus.MOVED_OUT else "",
            "locked": is_locked,
            "lock_ground": "档案核查中（样例）" if is_locked else "",
            "filing_count": 1 + len({change.approved_on for change in changes}) + is_over,
            "last_filed_on": ended or latest,
        }

    def _name(self, form: str, trade: str, parent: CompanyRow | None) -> str:
        while True:
            name = self._try_name(form, trade, parent)
            if name not in self.taken:
                self.taken.add(name)
                return name

    def _try_name(self, form: str, trade: str, parent: CompanyRow | None) -> str:
        random = self.random
        if parent:
            street = random.choice(list(words.STREETS.values())).removesuffix("街道")
            return f"{parent.name}{street}{random.choice(('', '第一', '第二', '科技园'))}分公司"
        brand = self._brand()
        if form == "shop":
            street = random.choice(list(words.STREETS.values())).removesuffix("街道")
            return f"广州市天河区{street}{brand}{random.choice(words.SHOPS)}"
        if form == "investor":
            return f"广州市天河区{brand}{random.choice(('设计工作室', '图文制作部', '咨询服务部', '摄影工作室'))}"
        tail = _TAILS[form]
        if random.random() < 0.15:
            return f"{brand}{trade}（广州）{tail}"
        return f"{random.choice(('广州', '广州', '广州', '广州市', '广州市天河区', '广东'))}{brand}{trade}{tail}"

    def _brand(self) -> str:
        """Mostly new; sometimes an earlier one again or with one character changed; now and then a rare character."""
        random = self.random
        draw = random.random()
        if self.brands and draw < 0.06:
            return random.choice(self.brands)
        if self.brands and draw < 0.12:
            brand = random.choice(self.brands)
            at = random.randrange(len(brand))
            return brand[:at] + random.choice(words.BRANDS) + brand[at + 1 :]
        brand = "".join(random.sample(words.BRANDS, random.choice((2, 3, 3, 3, 4))))
        if draw > 0.97:
            brand = random.choice(words.RARE) + brand[1:]
        if len(self.brands) < 2000:
            self.brands.append(brand)
        return brand

    def _persons(self, form: str) -> list[PersonRow]:
        random = self.random
        head = invent(random, _HEADS[form])
        if form in {"investor", "shop", "branch"}:
            return [head]
        if form == "sole":
            owner = head.model_copy(update={"role": PersonRole.SHAREHOLDER, "title": "", "share": "100%"})
            return [head, owner, invent(random, PersonRole.SUPERVISOR)]
        shares = random.choice(((60, 40), (70, 30), (51, 49), (40, 30, 30), (50, 25, 25)))
        owners = [head.model_copy(update={"role": PersonRole.SHAREHOLDER, "title": "", "share": f"{shares[0]}%"})]
        owners += [invent(random, PersonRole.SHAREHOLDER, share=f"{share}%") for share in shares[1:]]
        if form == "partners":
            return [head, *owners]
        return [head, *owners, invent(random, PersonRole.DIRECTOR), invent(random, PersonRole.SUPERVISOR)]

    def _with_bodies(self, serial: int, form: str, persons: list[PersonRow]) -> list[PersonRow]:
        """In some companies the last shareholder is a body: a company of this register, or one from elsewhere.

        Drawn apart, so that all else of a seed stays as it is.
        """
        draw = Random(serial)
        places = [n for n, person in enumerate(persons) if person.role is PersonRole.SHAREHOLDER]
        if form not in {"limited", "shares", "partners"} or len(places) < 2 or draw.random() > 0.25:
            return persons
        if self.parents and draw.random() < 0.7:
            holder = draw.choice(self.parents)
            name, code = holder.name, holder.uscc
        else:
            name, region = draw.choice(words.ELSEWHERE)
            code = make_uscc(f"MA8{draw.randrange(10_000):04d}Y", region=region)
        body = PersonRow(
            name=name,
            role=PersonRole.SHAREHOLDER,
            id_type="统一社会信用代码",
            id_number=code,
            is_body=True,
            share=persons[places[-1]].share,
        )
        return [body if n == places[-1] else person for n, person in enumerate(persons)]

    def _changes(self, established: date, name: str) -> Iterator[ChangeRow]:
        random, day = self.random, established
        for _ in range(random.choice((0, 0, 0, 1, 1, 2, 3))):
            day = _later(random, day)
            if day >= TODAY - timedelta(days=60):
                return
            item = random.choice(("住所变更", "法定代表人变更", "经营范围变更", "注册资本变更", "名称变更"))
            before, after = self._turn(item, name)
            yield ChangeRow(item=item, before=before, after=after, approved_on=day)

    def _turn(self, item: str, name: str) -> tuple[str, str]:
        random = self.random
        if item == "名称变更":
            return f"广州{self._brand()}{random.choice(words.TRADES)[0]}有限公司", name
        if item == "法定代表人变更":
            return invent(random, PersonRole.SHAREHOLDER).name, invent(random, PersonRole.SHAREHOLDER).name
        if item == "注册资本变更":
            return "10万元人民币", "100万元人民币"
        if item == "住所变更":
            return tuple(_domicile(random, random.choice(list(words.STREETS))) for _ in range(2))  # type: ignore[return-value]
        return tuple(random.choice(words.TRADES)[2] for _ in range(2))  # type: ignore[return-value]

    @staticmethod
    def _former(name: str, changes: tuple[ChangeRow, ...]) -> tuple[FormerNameRow, ...]:
        turns = [change for change in changes if change.item == "名称变更"]
        return tuple(FormerNameRow(name=one.before, until=one.approved_on) for one in turns if one.before != name)


def _later(random: Random, day: date) -> date:
    """A working day some months to years on, never after TODAY."""
    later = min(day + timedelta(days=random.randrange(120, 1300)), TODAY)
    return later - timedelta(days=max(0, later.weekday() - 4))


def _domicile(random: Random, street: str) -> str:
    room = random.choice(("", f"{random.randrange(2, 40)}{random.randrange(1, 20):02d}房", "自编A1"))
    return f"广州市天河区{words.STREETS[street]}{random.choice(words.ROADS)}{random.randrange(1, 400)}号{room}"
