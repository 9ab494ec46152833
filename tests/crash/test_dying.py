"""Orders go on while each counterpart in turn is dead and the service is killed at random: every one ends right, once.

`EQICHA_TEST_DEAD_SECONDS` is how long each is dead: a few seconds in the tests, a minute in `make soak`.
"""

import os
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from pymongo import MongoClient

from adapters.sandbox.people import sample_person
from tests.crash.test_kill import messages, wait_until
from tests.trial import TrialSet
from tests.visitor import Visitor

DEAD_SECONDS = float(os.environ.get("EQICHA_TEST_DEAD_SECONDS", "4"))
USCC = sample_person("legal_representative").uscc
DYING = ("identity", "tsa", "sms", "sms2", "mail", "rating", "portal", "sharing")
#: What a killed service does to a visitor: no answer, or none to the end.
AWAY = (httpx.TransportError, AssertionError)


@pytest.fixture
def dying(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    made = TrialSet(tmp_path_factory.mktemp("dying"), sms2_provider="textline", order_per_hour=10_000)
    try:
        yield made.up(companies=12, dossiers=2)
    finally:
        made.down()


class Busy:
    """Visitors who order, fetch and rate without end, each step until it is answered, as people with patience do."""

    def __init__(self, trial: TrialSet) -> None:
        self.trial, self.numbers, self.rated = trial, list[str](), set[str]()
        self._over, self._placed_all = threading.Event(), threading.Event()
        self._visitors: list[Visitor] = []
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._order, self._fetch)]

    def __enter__(self) -> "Busy":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """No new orders; those there are come to their end."""
        self._placed_all.set()
        wait_until(lambda: self.rated == set(self.numbers), seconds=240)
        self._over.set()
        for thread in self._threads:
            thread.join(30)
        for visitor in self._visitors:
            visitor.http.close()

    def _visitor(self) -> Visitor:
        visitor = Visitor(self.trial)
        self._visitors.append(visitor)
        self._until_done(lambda: arrive(self.trial, visitor))
        return visitor

    def _until_done(self, step: Callable[[], Any]) -> Any:
        while not self._over.is_set():
            try:
                return step()
            except AWAY:
                time.sleep(0.3)
        return None

    def _order(self) -> None:
        visitor = self._visitor()
        documents = self._until_done(lambda: visitor.open_documents(USCC))[:1]
        while not self._placed_all.is_set():
            form = self._until_done(
                lambda: visitor.order_form(USCC, documents)
            )  # one form is one order, sent however often
            number = self._until_done(
                lambda form=form: visitor.number_of(visitor.http.post(f"/companies/{USCC}/order", data=form))
            )
            self.numbers.append(number)
            time.sleep(1)

    def _fetch(self) -> None:
        visitor = self._visitor()
        while not self._over.is_set():
            for number in [number for number in tuple(self.numbers) if number not in self.rated]:
                try:
                    if visitor.status(number) == "ready":
                        visitor.copy(number)
                        self._rate(visitor, number)
                        self.rated.add(number)
                except AWAY:
                    break
            time.sleep(0.5)

    def _rate(self, visitor: Visitor, number: str) -> None:
        """Sent again after a lost answer it is told that it was given already (409)."""
        form = visitor.http.get(f"/orders/{number}/rating")
        token = re.search(r'name="_xsrf" value="([^"]+)"', form.text)
        assert token
        body = {"_xsrf": token.group(1), "number": "1", "satisfaction": "5"}
        answer = visitor.http.post(f"/orders/{number}/rating", data=body)
        assert answer.status_code in {200, 409}, answer.status_code


def arrive(trial: TrialSet, visitor: Visitor) -> None:
    """From inside an app, so that the portal is told of every step."""
    asked = {"app": "yst", "person": "legal_representative", "to": "/orders"}
    address = httpx.get(f"{trial.sandbox_url}/apps/open", params=asked, trust_env=False).headers["location"]
    assert visitor.http.get(address).url.path == "/orders"


def test_whatever_dies_every_order_ends_right_and_everything_arrives_once(dying: TrialSet) -> None:
    chance = random.Random(11)
    with Busy(dying) as busy:
        wait_until(lambda: bool(busy.numbers))
        for system in DYING:
            dying.fault(**{system: "refuse"})
            killed_after = chance.uniform(0.1, 0.9) * DEAD_SECONDS
            time.sleep(killed_after)
            dying.kill_service()
            dying.start_service()
            time.sleep(max(0.0, DEAD_SECONDS - killed_after))
            dying.fault(**{system: ""})
    numbers = busy.numbers
    assert len(numbers) >= len(DYING)
    assert busy.rated == set(numbers)
    once = dict.fromkeys(numbers, 1)
    for systems in (("sms", "sms2"), ("mail",), ("rating",)):

        def arrived(systems: tuple[str, ...] = systems) -> Counter[str]:
            return sum((messages(dying, system, numbers) for system in systems), Counter[str]())

        wait_until(lambda arrived=arrived: len(arrived()) == len(numbers), seconds=120)
        assert dict(arrived()) == once, systems
    steps = [f"{number}.{state}" for number in numbers for state in "123"]  # accepted, permitted, ready
    wait_until(lambda: {row["key"] for row in dying.received("portal")} >= set(steps), seconds=120)
    assert sorted(row["key"] for row in dying.received("portal")) == sorted(steps)
    with MongoClient[dict[str, Any]](dying.mongod.url) as client:
        tables = client["eqicha"]
        statuses = Counter(row["status"] for row in tables["orders"].find({"_id": {"$in": numbers}}))
        assert statuses == {"rated": len(numbers)}
        assert tables["orders"].count_documents({}) == len(numbers), "no form became two orders"
        copies = Counter(row["order_no"] for row in tables["copies"].find())
        assert dict(copies) == once
        sealed = tables["audit_events"].find({"tag": "copy:file:sealed"})
        assert dict(Counter(row["fields"]["order_no"] for row in sealed)) == once
    assert dying.command("verify-audit").startswith("the audit is whole")
