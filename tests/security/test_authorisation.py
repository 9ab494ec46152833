"""The authorisation matrix: every verb of every route of the router, as every kind of caller, on what is their own,
another's and absent. The lines stand in matrix_rows.py, the callers in matrix_people.py, objects in matrix_things.py.
"""

import contextlib
import difflib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

from adapters.assembly import open_adapters
from conf.access import RULES
from conf.settings import load_settings
from handlers.guards import VERBS, Guard, guard_of
from handlers.routes import all_routes
from tests.contracts.test_callbacks import signed
from tests.desk import Desk
from tests.security.addresses import address_of, filled, picture, verbs
from tests.security.matrix_people import LISTED, Answer, Door, Person, everybody
from tests.security.matrix_rows import Row, rows
from tests.security.matrix_things import QUERIES, Things
from tests.web.conftest import Site

ROWS = rows()
OBJECTS = ("own", "other", "absent", "none")
#: Limits a walk would run into; the window never moves while the clock stands.
WIDE = ("task_per_day", "search_per_minute", "verify_per_minute", "order_per_hour", "image_per_minute")
#: Set by every answer anew.
ITS_OWN = {"x-request-id", "date", "content-length"}
#: After these a walk goes on with a new session.
ENDS_A_SESSION = ("/signout", "/kiosk/end", "/kiosk/idle", "/staff/signout", "/gov/signout", "/staff/sessions",
                  "/gov/sessions")  # fmt: skip
#: What the table calls being let in: `away` when the system that is asked is not there in this test.
LET_IN = ("in", "away")


@dataclass(frozen=True, slots=True)
class Case:
    """One question: who, which verb, on what; and what the table says to it."""

    who: str
    row: Row
    which: str
    expected: str

    def __str__(self) -> str:
        return f"{self.who} {self.row.method} {self.row.address} ({self.which})"


class Matrix:
    """The service with everybody and everything; made once."""

    def __init__(self, site: Site, desk: Desk) -> None:
        self.site, self.people = site, everybody(site, desk)
        self.things = Things(site, desk, self.people)
        self.answers: dict[Case, Answer] = {}

    def cases(self) -> Iterator[Case]:
        for person in self.people.values():
            for row in ROWS.values():
                hindrance = person.hindrance(row.guard, row.address)
                for which in self._objects(person, row):
                    yield Case(person.who, row, which, hindrance or row.met(person.who, which))

    def _objects(self, person: Person, row: Row) -> list[str]:
        known = row.special.get(person.who, row.answers)
        return [each for each in known if each != "own" or self.things.owns(person.who, row.address)]

    def ask(self, cases: list[Case]) -> dict[Case, str]:
        """What each case was answered, by class; everybody walks alone, all at the same time."""
        walks: dict[str, list[Case]] = {}
        for case in cases:
            walks.setdefault(case.who, []).append(case)
        with ThreadPoolExecutor(4) as pool:
            return {case: word for walk in pool.map(self._walk, walks.values()) for case, word in walk.items()}

    def _walk(self, walk: list[Case]) -> dict[Case, str]:
        person, heard = self.people[walk[0].who], {}
        door = Door(self.site, person)
        for case in walk:
            heard[case] = self._heard(door, case)
            if case.row.address in ENDS_A_SESSION:
                door.close()
                door = Door(self.site, person)
        door.close()
        return heard

    def _heard(self, door: Door, case: Case) -> str:
        row = case.row
        path = filled(row.address, self.things.values(case.who, row.address, case.which))
        path += QUERIES.get(row.address, "")
        form = self.things.form(case.who, row.method, row.address, case.which)
        self.answers[case] = answer = door.ask(row.method, path, form)
        return word_of(answer)

    def bare(self, case: Case) -> tuple[int, dict[str, str], str]:
        """What the caller could tell two answers apart by: without the names asked for and what is new each time."""
        answer = self.answers[case]
        values = self.things.values(case.who, case.row.address, case.which)
        text = answer.text.replace(answer.headers.get("x-request-id", "-"), "")
        for name, value in values.items():
            if len(value) > 1:
                text = text.replace(value, name)
        headers = {name: value for name, value in answer.headers.items() if name not in ITS_OWN}
        headers["set-cookie"] = re.sub(r'="?[^;]*', "=", headers.get("set-cookie", ""))
        return answer.status, headers, re.sub(r'name="_xsrf" value="[^"]*"', "", text)


def word_of(answer: Answer) -> str:
    """The class of an answer, in the words of the table."""
    where = answer.headers.get("location", "")
    if answer.status == 303:
        if where.startswith("/signin?level="):
            return f"signin{where[-1:]}"
        return {"/staff/signin": "desk", "/gov/signin": "gov", "/staff/password": "password"}.get(where, "in")
    if answer.status == 403:
        found = [rule.id for rule in RULES.rule if rule.says in answer.text]
        return f"403:{found[0]}" if found else "403"
    if answer.status in (200, 204, 409, 422):
        return "in"
    return "away" if answer.status == 503 else str(answer.status)


@pytest.fixture(scope="module")
def matrix(mongo_url: str, var_dir: Path) -> Iterator[Matrix]:
    wide = dict.fromkeys(WIDE, 100_000)
    settings = load_settings(
        mongo_url=mongo_url,
        mongo_database="eqicha_matrix_test",
        var_dir=var_dir,
        worker_enabled=False,
        **LISTED,
        **wide,
    )
    site = Site(settings)
    site.app.adapters = site.run(open_adapters(site.settings, site.app.keys))
    desk = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    desk.run(desk.open())
    with pytest.MonkeyPatch.context() as patch:  # a busy machine is no refusal: nobody is sent away for waiting
        patch.setattr("handlers.base.PAGE_SECONDS", 60.0)
        patch.setattr("handlers.base.POST_SECONDS", 60.0)
        yield Matrix(site, desk)
    site.run(site.app.adapters.close())
    site.close()


def written(guard: Guard) -> str:
    """A guard of the code in the words of the table."""
    names = {"government": "unit", "government_gate": "gate", "signed_in": f"L{int(guard.level)}"}
    return ",".join(sorted(guard.actions)) or names.get(guard.name, guard.name)


def test_every_verb_of_every_route_has_a_line_and_every_line_its_verb() -> None:
    there = {(method, address) for method, address, _ in verbs()}
    assert not there - ROWS.keys(), "write a line into matrix_rows.py: who may call it, and what of"
    assert not ROWS.keys() - there, "these lines are about nothing"


def test_the_guard_of_every_verb_is_the_one_in_the_table() -> None:
    for method, address, handler in verbs():
        guard = guard_of(handler, method.lower())
        assert guard is not None
        row = ROWS[method, address]
        assert written(guard) == ",".join(sorted(row.guard.split(","))), f"{method} {address}"


def hold(heard: dict[Case, str]) -> None:
    """The table is right about all of it; else what is otherwise, a line for everybody it happens to."""
    wrong: dict[str, list[str]] = {}
    for case, word in heard.items():
        if word != case.expected:
            said = f"{case.row.method} {case.row.address} ({case.which}): {word}, should be {case.expected}"
            wrong.setdefault(said, []).append(case.who)
    if wrong:
        pytest.fail("\n".join(f"{said}: {', '.join(who)}" for said, who in wrong.items()), pytrace=False)


def test_whoever_is_refused_is_refused_as_the_table_says_and_changes_nothing(matrix: Matrix) -> None:
    refused = [case for case in matrix.cases() if case.expected not in LET_IN]
    before = picture(matrix.site.settings)
    heard = matrix.ask(refused)
    hold(heard)
    assert picture(matrix.site.settings) == before


def test_anothers_is_answered_as_what_is_absent(matrix: Matrix) -> None:
    alike = [case for case in matrix.answers if case.which in ("own", "other") and case.expected not in LET_IN]
    by_name = {(case.who, case.row, case.which): case for case in matrix.answers}
    for case in alike:
        absent = by_name[case.who, case.row, "absent"]
        if case.expected != absent.expected:  # what is public anyway, and written so: companies, names of systems
            continue
        (status, headers, text), (status2, headers2, text2) = matrix.bare(case), matrix.bare(absent)
        told = "\n".join(difflib.unified_diff(text2.splitlines(), text.splitlines(), lineterm="", n=0))
        assert (status, headers, told) == (status2, headers2, ""), f"{case}\n{told}"
    assert len(alike) > 500


def test_whoever_may_read_is_shown_it(matrix: Matrix) -> None:
    hold(matrix.ask([case for case in matrix.cases() if case.expected in LET_IN and case.row.method == "GET"]))


def test_verbs_a_route_does_not_know_are_refused_whoever_asks(matrix: Matrix) -> None:
    people = list(matrix.people.values())
    specs = [(address_of(spec.regex.pattern), spec.handler_class) for spec in all_routes()]
    unknown = [(address, verb) for address, handler in specs for verb in VERBS if guard_of(handler, verb) is None]
    turn = 0
    with contextlib.ExitStack() as stack:
        doors = {each.who: stack.enter_context(contextlib.closing(Door(matrix.site, each))) for each in people}
        for address, verb in unknown:
            turn += 1  # everybody in turn: a verb that is not there has no guard, so nobody is asked who they are
            person = people[turn % len(people)]
            path = filled(address, matrix.things.values(person.who, address, "own"))
            answer = doors[person.who].ask(verb.upper(), path, {})
            is_shut = person.hindrance("public", address)
            allowed = (303, 403, 404) if is_shut else (405,)
            assert answer.status in allowed, (person.who, verb, path, answer.status)


def test_a_counterpart_is_believed_by_its_signature_and_for_its_own_system_only(matrix: Matrix) -> None:
    conf, now = matrix.site.settings, matrix.site.clock()
    body = b'{"receipts": []}'
    proof = signed(body, at=now, key=conf.sms_app_key.get_secret_value(), id=conf.sms_app_id)
    with contextlib.closing(Door(matrix.site, matrix.people["nobody"])) as door:
        asked = {
            path: door.ask("POST", path, body, **proof, **{"Content-Type": "application/json"}).status
            for path in ("/callbacks/licence", "/callbacks/sms", "/callbacks/nobody", "/orders", "/staff/signin")
        }
    assert asked == dict(zip(asked, (401, 200, 404, 405, 403), strict=True))


def test_whoever_may_act_is_let_in(matrix: Matrix) -> None:
    hold(matrix.ask([case for case in matrix.cases() if case.expected in LET_IN and case.row.method != "GET"]))
