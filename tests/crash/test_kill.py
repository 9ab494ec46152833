"""kill -9 of the service at ten points of an order: afterwards every order has one copy, one seal, one message."""

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator

import httpx
import pytest
from pymongo import MongoClient

from adapters.sandbox.people import sample_person
from tests.trial import TrialSet
from tests.visitor import Visitor

Moment = Callable[[TrialSet, str], None]


def until_status(*wanted: str) -> Moment:
    """Kill as soon as the database shows one of these states."""

    def wait(trial: TrialSet, number: str) -> None:
        with MongoClient(trial.mongod.url) as client:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                row = client["eqicha"]["orders"].find_one({"_id": number}, {"status": 1})
                if row and row["status"] in wanted:
                    return
                time.sleep(0.001)
        raise AssertionError(f"{number} never was {wanted}")

    return wait


def after(seconds: float) -> Moment:
    return lambda _trial, _number: time.sleep(seconds)


def until_seen(system: str) -> Moment:
    """Kill as soon as a counterpart has received something new."""

    def wait(trial: TrialSet, _number: str) -> None:
        before, deadline = trial.calls(system), time.monotonic() + 30
        while trial.calls(system) == before and time.monotonic() < deadline:
            time.sleep(0.002)

    return wait


POINTS: dict[str, Moment] = {
    "at once": after(0),
    "permitted": until_status("permitted", "sealing", "ready"),
    "sealing began": until_status("sealing", "ready"),
    "composing": after(0.25),
    "composed or nearly": after(0.6),
    "sealing": after(0.9),
    "time-stamp asked": until_seen("tsa"),
    "ready": until_status("ready"),
    "message arrived": until_seen("sms"),
    "a random moment": after(random.Random(7).uniform(0, 1.5)),
}


@pytest.fixture
def visitor(trial: TrialSet) -> Iterator[Visitor]:
    made = Visitor(trial).sign_in("legal_representative")
    yield made
    made.http.close()


def test_ten_kills_double_nothing_and_lose_nothing(trial: TrialSet, visitor: Visitor) -> None:
    uscc = sample_person("legal_representative").uscc
    documents = visitor.open_documents(uscc)
    numbers = []
    for moment in POINTS.values():
        number = visitor.place(uscc, documents[:3])
        numbers.append(number)
        moment(trial, number)
        trial.kill_service()
        trial.start_service()
    visitor.wait_ready(numbers)

    with MongoClient(trial.mongod.url) as client:
        tables = client["eqicha"]
        copies = Counter(row["order_no"] for row in tables["copies"].find({"order_no": {"$in": numbers}}))
        sealed = Counter(
            row["fields"]["order_no"]
            for row in tables["audit_events"].find({"tag": "copy:file:sealed", "fields.order_no": {"$in": numbers}})
        )
    once = dict.fromkeys(numbers, 1)
    assert dict(copies) == once
    assert dict(sealed) == once
    for system in ("sms", "mail"):
        wait_until(lambda system=system: len(messages(trial, system, numbers)) == len(numbers))
        assert dict(messages(trial, system, numbers)) == once, f"one message per order by {system}"
    for number in numbers:
        assert visitor.copy(number).startswith(b"%PDF")
    assert trial.command("verify-audit").startswith("the audit is whole")


def messages(trial: TrialSet, system: str, numbers: list[str]) -> Counter[str]:
    """Messages a counterpart kept per order, told by our reference."""
    keys = [str(row["key"]) for row in trial.received(system)]
    return Counter(number for key in keys for number in numbers if number in key)


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.2)


def test_two_hundred_posts_of_one_form_make_one_order(trial: TrialSet, visitor: Visitor) -> None:
    import asyncio

    uscc = sample_person("legal_representative").uscc
    form = visitor.order_form(uscc, visitor.open_documents(uscc)[:1])

    async def all_at_once() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=trial.url, cookies=visitor.http.cookies, timeout=60) as client:
            return await asyncio.gather(*(client.post(f"/companies/{uscc}/order", data=form) for _ in range(200)))

    answers = asyncio.run(all_at_once())
    assert {answer.status_code for answer in answers} == {303}
    assert len({visitor.number_of(answer) for answer in answers}) == 1
