"""A rating said on the platform's own page while the service is dead, or dies of it, is here once in the end."""

import re
from collections.abc import Iterator

import httpx
import pytest
from pymongo import MongoClient

from adapters.sandbox.people import sample_person
from tests.contracts.test_rating_page import form_of
from tests.crash.test_kill import wait_until
from tests.trial import TrialSet
from tests.visitor import Visitor

USCC = sample_person("legal_representative").uscc


@pytest.fixture(scope="module")
def redirecting(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    made = TrialSet(tmp_path_factory.mktemp("redirect"), rating_style="redirect")
    try:
        yield made.up(companies=12, dossiers=2)
    finally:
        made.down()


def handed_out(trial: TrialSet) -> tuple[str, str]:
    """An order whose copy was downloaded, and the platform's address its button leads to."""
    visitor = Visitor(trial).sign_in("legal_representative")
    number = visitor.place(USCC, visitor.open_documents(USCC)[:1])
    visitor.wait_ready([number])
    assert visitor.copy(number).startswith(b"%PDF")
    page = visitor.http.get(f"/orders/{number}/rating")
    assert f"/orders/{number}/rating/platform" in page.text
    answer = visitor.http.get(f"/orders/{number}/rating/platform", follow_redirects=False)
    visitor.http.close()
    return number, answer.headers["location"]


def say(address: str) -> None:
    with httpx.Client(trust_env=False, timeout=20) as browser:
        form = form_of(browser.get(address).text) | {"satisfaction": "1", "evalDetail": "110"}
        assert "感谢" in browser.post(address.partition("?")[0], data=form).text


@pytest.mark.parametrize("fault", ["", "twice", "forged"])
def test_what_was_said_while_the_service_was_dead_is_here_once(redirecting: TrialSet, fault: str) -> None:
    trial = redirecting
    number, address = handed_out(trial)
    trial.kill_service()
    trial.fault(rating=fault)
    say(address)
    trial.start_service()
    with MongoClient[dict[str, object]](trial.mongod.url) as client:
        tables = client["eqicha"]
        tag = "callback:event:refused" if fault == "forged" else "callback:event:received"
        wait_until(lambda: tables["audit_events"].count_documents({"tag": tag}) > 0)
        trial.fault(rating="")
        wait_until(lambda: tables["inbox"].count_documents({"subject": number, "status": "applied"}) == 1)
        assert tables["ratings"].count_documents({"order_no": number}) == 1
        assert tables["followups"].count_documents({"order_no": number}) == 1
        assert tables["audit_events"].count_documents({"subject": number, "tag": "rating:record:given"}) == 1
        assert tables["outbox"].count_documents({"order_no": number, "kind": "rating"}) == 0
    person = sample_person("legal_representative")
    assert not re.search(f"{person.id_number}|{person.name}", trial.log()), "the address is in no log line"
