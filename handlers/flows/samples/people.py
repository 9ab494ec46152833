"""Persons named in the sample registry: the sandbox's sample people where they belong, invented ones elsewhere."""

from datetime import date, timedelta
from random import Random

from adapters.sandbox.people import sample_people
from conf.terms import AccountKind, PersonRole
from handlers.flows.intake.rows import PersonRow
from handlers.flows.samples import codes, words

_TITLES = {
    PersonRole.LEGAL_REPRESENTATIVE: "法定代表人、执行董事",
    PersonRole.DIRECTOR: "董事",
    PersonRole.SUPERVISOR: "监事",
    PersonRole.EXECUTIVE: "经理",
}


def known_people(uscc: str) -> list[PersonRow]:
    """Those of the sandbox's sample people whom the register of this company names."""
    return [
        PersonRow(name=one.name, role=PersonRole(one.role), id_number=one.id_number, title=title_of(one.role))
        for one in sample_people()
        if one.uscc == uscc and one.role and one.kind is AccountKind.NATURAL
    ]


def invent(random: Random, role: PersonRole, *, amount: str = "", share: str = "") -> PersonRow:
    """A fictional person with a valid number of Tianhe; nobody of the sandbox's people."""
    taken = {one.name for one in sample_people()}
    name = ""
    while not name or name in taken:
        name = random.choice(words.SURNAMES) + "".join(random.sample(words.GIVEN, 2))
    born = date(1958, 1, 1) + timedelta(days=random.randrange(44 * 365))
    number = codes.citizen_number(born, random.randrange(100, 1000))
    place = random.choice(list(words.STREETS.values()))
    address = f"广州市天河区{place}{random.choice(words.ROADS)}{random.randrange(1, 300)}号"
    return PersonRow(
        name=name, role=role, id_number=number, title=title_of(role), address=address, amount=amount, share=share
    )


def title_of(role: PersonRole | str) -> str:
    return _TITLES.get(PersonRole(role), "")
