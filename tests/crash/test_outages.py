"""Counterparts that fail: visitors wait at most the budget, nothing unsealed goes out, nothing is lost or doubled."""

import re
from collections.abc import Iterator

import httpx
import pytest

from adapters.sandbox.people import sample_person
from tests.crash.test_kill import messages, wait_until
from tests.trial import TrialSet
from tests.visitor import Visitor

#: What a visitor may wait: 3 s of the promise and a little for a busy machine. Longer is a failed request.
PATIENCE = 3.5
USCC = sample_person("legal_representative").uscc
FAULTS = ("refuse", "hang", "500", "html", "garbage", "truncated", "huge", "lost")


@pytest.fixture
def visitor(trial: TrialSet) -> Iterator[Visitor]:
    made = Visitor(trial).sign_in("legal_representative")
    made.http.timeout = PATIENCE
    yield made
    trial.fault(identity="", sms="", mail="", rating="", tsa="")
    made.http.close()


def test_without_a_time_stamp_orders_wait_and_nothing_unsealed_goes_out(trial: TrialSet, visitor: Visitor) -> None:
    documents = visitor.open_documents(USCC)
    numbers = []
    for fault in FAULTS:
        trial.fault(tsa=fault)
        asked = trial.calls("tsa")
        numbers.append(visitor.place(USCC, documents[:1]))
        wait_until(lambda asked=asked: trial.calls("tsa") > asked, seconds=20)
        for number in numbers:
            answer = visitor.http.get(f"/orders/{number}/copy")
            assert answer.status_code == 404, (fault, answer.status_code)
            assert not answer.content.startswith(b"%PDF")
            assert visitor.http.get(f"/orders/{number}").status_code == 200
    trial.fault(tsa="")
    visitor.wait_ready(numbers, seconds=150)
    wait_until(lambda: len(messages(trial, "sms", numbers)) == len(numbers))
    assert dict(messages(trial, "sms", numbers)) == dict.fromkeys(numbers, 1)


@pytest.mark.parametrize("fault", ["refuse", "500", "garbage", "lost", "hang"])
def test_messages_and_ratings_that_cannot_leave_hold_nothing_up_and_arrive_once(
    trial: TrialSet, visitor: Visitor, fault: str
) -> None:
    trial.fault(sms=fault, mail=fault, rating=fault)
    number = visitor.place(USCC, visitor.open_documents(USCC)[:1])
    visitor.wait_ready([number], seconds=60)
    assert visitor.copy(number).startswith(b"%PDF")
    form = visitor.http.get(f"/orders/{number}/rating")
    token = re.search(r'name="_xsrf" value="([^"]+)"', form.text)
    assert token
    body = {"_xsrf": token.group(1), "number": "1", "satisfaction": "5"}
    assert visitor.http.post(f"/orders/{number}/rating", data=body).status_code == 200
    trial.fault(sms="", mail="", rating="")
    for system in ("sms", "mail", "rating"):
        wait_until(lambda system=system: len(messages(trial, system, [number])) == 1, seconds=90)
        assert dict(messages(trial, system, [number])) == {number: 1}, system


@pytest.mark.parametrize("fault", FAULTS)
def test_an_identity_platform_that_fails_is_told_in_time_and_in_words(trial: TrialSet, fault: str) -> None:
    visitor = Visitor(trial, patience=PATIENCE)
    try:
        trial.fault(identity="")
        answer = visitor.http.get("/signin")
        form = visitor._form_of(answer, sample_person("stranger"))
        back = visitor.http.post(str(answer.url), data=form, follow_redirects=False)
        trial.fault(identity=fault)
        told = visitor.http.get(back.headers["Location"])
        assert told.status_code in {502, 503}, told.status_code
        assert "登录" in told.text
        trial.fault(identity="")
    finally:
        trial.fault(identity="")
        visitor.http.close()


def test_after_the_outage_signing_in_works_again(trial: TrialSet) -> None:
    def works() -> bool:
        visitor = Visitor(trial)
        try:
            visitor.sign_in("stranger")
            return visitor.http.get("/orders").url.path == "/orders"
        except (AssertionError, httpx.HTTPError):
            return False
        finally:
            visitor.http.close()

    wait_until(works, seconds=40)
    assert works()
