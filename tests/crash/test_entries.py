"""The doors of other systems while those fail, over real processes: told in time, nothing lost, each step told once."""

from collections.abc import Iterator

import httpx
import pytest

from adapters.sandbox.people import sample_person
from tests.crash.test_kill import messages, wait_until
from tests.crash.test_outages import FAULTS, PATIENCE, USCC
from tests.trial import TrialSet
from tests.visitor import Visitor


@pytest.fixture
def visitor(trial: TrialSet) -> Iterator[Visitor]:
    made = Visitor(trial)
    yield made
    trial.fault(shb="", yst="", portal="")
    made.http.close()


def address(trial: TrialSet, app: str, person: str = "legal_representative", to: str = "/orders") -> str:
    """What the app opens: our address with a fresh ticket."""
    asked = {"app": app, "person": person, "to": to}
    return str(httpx.get(f"{trial.sandbox_url}/apps/open", params=asked, trust_env=False).headers["location"])


@pytest.mark.parametrize("fault", [*FAULTS, "slow"])
def test_an_app_that_fails_is_told_in_time_and_the_next_ticket_is_good(
    trial: TrialSet, visitor: Visitor, fault: str
) -> None:
    there = address(trial, "shb")
    trial.fault(shb=fault)
    visitor.http.timeout = httpx.Timeout(PATIENCE)
    told = visitor.http.get(there)
    assert told.status_code == 503, told.status_code
    assert 'href="/signin"' in told.text
    trial.fault(shb="")
    visitor.http.timeout = httpx.Timeout(20)

    def is_in() -> bool:
        """By the next ticket; the breaker may still rest."""
        return visitor.http.get(address(trial, "shb")).url.path == "/orders"

    wait_until(is_in, seconds=30)
    assert is_in()
    assert f"**{sample_person('legal_representative').name[-1]}" in visitor.http.get("/orders").text


@pytest.mark.parametrize("fault", ["refuse", "500", "garbage", "lost", "hang"])
def test_a_portal_that_fails_holds_no_order_up_and_learns_each_step_once(
    trial: TrialSet, visitor: Visitor, fault: str
) -> None:
    assert visitor.http.get(address(trial, "yst")).url.path == "/orders"
    trial.fault(portal=fault)
    asked = trial.calls("portal")
    number = visitor.place(USCC, visitor.open_documents(USCC)[:1])
    visitor.wait_ready([number], seconds=60)
    wait_until(lambda: trial.calls("portal") > asked, seconds=30)
    trial.fault(portal="")
    wait_until(lambda: len(trial.received("portal")) >= 3 and told(trial, number) == 3, seconds=120)
    assert [row["key"] for row in trial.received("portal") if number in row["key"]] == [
        f"{number}.{state}" for state in "123"
    ]
    assert dict(messages(trial, "sms", [number])) == {number: 1}


def told(trial: TrialSet, number: str) -> int:
    """How many steps of an order the portal has."""
    return messages(trial, "portal", [number])[number]
