"""The fictional sample people, from people.json: the sandbox signs them in, the sample registry names them."""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from conf.terms import AccountKind, IdentityLevel


@dataclass(frozen=True, kw_only=True, slots=True)
class SamplePerson:
    """One account of the sandbox. `role` (a PersonRole value) and `uscc` say where the sample registry names it.

    `hint` is the sentence the sign-in page shows beside the name; `licence_no` and `firm` only with a lawyer.
    """

    key: str
    kind: AccountKind
    subject: str  # useridcode
    name: str
    id_type: str
    id_number: str
    level: IdentityLevel
    phone: str
    mail: str
    operator_name: str
    uscc: str
    role: str
    licence_no: str
    firm: str
    hint: str
    parent: str = ""  # key of the main account, with a sub-account


@cache
def sample_people() -> tuple[SamplePerson, ...]:
    """All of them, in the order they are offered."""
    rows = json.loads(Path(__file__).with_name("people.json").read_text(encoding="utf-8"))["people"]
    return tuple(
        SamplePerson(**{**row, "kind": AccountKind(row["kind"]), "level": IdentityLevel[row["level"]]}) for row in rows
    )


def sample_person(key: str) -> SamplePerson:
    """One of them by its key (`stranger`, `legal_representative`, `lawyer` …); KeyError when there is none."""
    return {person.key: person for person in sample_people()}[key]
