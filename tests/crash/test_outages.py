"""With breakers as in operation: an outage opens one, nobody waits for it any more, and it shuts by itself afterwards.

What each fault of each counterpart does is tests/crash/test_matrix.py.
"""

from collections.abc import Iterator

import httpx
import pytest

from adapters.sandbox.people import sample_person
from tests.crash.test_kill import wait_until
from tests.trial import TrialSet
from tests.visitor import Visitor


@pytest.fixture(autouse=True)
def _well_again(trial: TrialSet) -> Iterator[None]:
    yield
    trial.fault(identity="")


def coming_back(trial: TrialSet) -> int:
    """Status of the answer to a visitor whom the platform sends back to us."""
    visitor = Visitor(trial)
    try:
        answer = visitor.http.get("/signin")
        form = visitor._form_of(answer, sample_person("stranger"))
        back = visitor.http.post(str(answer.url), data=form, follow_redirects=False)
        trial.fault(identity="hang")
        status: int = visitor.http.get(back.headers["Location"]).status_code
        trial.fault(identity="")
    finally:
        visitor.http.close()
    return status


def test_after_some_failures_nobody_waits_and_after_the_outage_signing_in_works_again(trial: TrialSet) -> None:
    for _ in range(5):
        assert coming_back(trial) == 503
    asked = trial.calls("identity")
    assert coming_back(trial) == 503
    assert trial.calls("identity") - asked <= 2, "only the platform's own page was asked: the breaker is open"
    assert 'eqicha_breaker_open{system="identity"} 1.0' in httpx.get(f"{trial.url}/metrics", trust_env=False).text

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
    assert 'eqicha_breaker_open{system="identity"} 0.0' in httpx.get(f"{trial.url}/metrics", trust_env=False).text
