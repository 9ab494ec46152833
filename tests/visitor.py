"""A visitor over plain HTTP against a whole trial set: signs in through the sandbox, places orders, fetches copies."""

import re
import secrets
import time
from urllib.parse import urljoin

import httpx
from bs4 import BeautifulSoup, Tag

from adapters.sandbox.people import SamplePerson, sample_person
from tests.trial import TrialSet

FINAL = {"ready", "downloaded", "rated", "refused", "failed", "expired"}


class Visitor:
    """One browser without script. `patience` is how long one answer may take before it counts as a fault."""

    def __init__(self, trial: TrialSet, *, patience: float = 20) -> None:
        self.trial = trial
        self.http = httpx.Client(base_url=trial.url, follow_redirects=True, timeout=patience)

    def sign_in(self, key: str) -> "Visitor":
        """As the sample person `key`, the way a browser does: our page, the platform's page, back."""
        person = sample_person(key)
        answer = self.http.get("/signin")
        form = self._form_of(answer, person)
        answer = self.http.post(str(answer.url), data=form)
        assert str(answer.url).startswith(self.trial.url), answer.url
        return self

    def _form_of(self, answer: httpx.Response, person: SamplePerson) -> dict[str, str]:
        page = BeautifulSoup(answer.text, "html5lib")
        for form in page.select("form"):
            fields = {str(i["name"]): str(i.get("value", "")) for i in form.select("input[name]")}
            if fields.get("person") == person.key:
                return fields
        raise AssertionError(f"no way to sign in as {person.key}:\n{answer.text[:800]}")

    def open_documents(self, uscc: str) -> list[str]:
        """Ids of documents of a company that can be chosen."""
        page = BeautifulSoup(self.http.get(f"/companies/{uscc}/dossier").text, "html5lib")
        return [str(box["value"]) for box in page.select("input[name=document]")]

    def order_form(self, uscc: str, documents: list[str]) -> dict[str, list[str]]:
        """The filled-in form, ready to be posted (once or often)."""
        answer = self.http.get(f"/companies/{uscc}/order", params={"document": documents})
        assert answer.status_code == 200, answer.text[:800]
        form = BeautifulSoup(answer.text, "html5lib").select_one("form.eq-order__form")
        assert isinstance(form, Tag), answer.text[:800]
        fields: dict[str, list[str]] = {}
        for box in form.select("input[type=hidden][name]"):
            fields.setdefault(str(box["name"]), []).append(str(box.get("value", "")))
        consent = form.select_one("input[name=consent]")
        assert isinstance(consent, Tag)
        fields |= {"purpose": ["own_affairs"], "consent": [str(consent["value"])]}
        return fields

    def place(self, uscc: str, documents: list[str]) -> str:
        """Submit one order; returns its number."""
        answer = self.http.post(f"/companies/{uscc}/order", data=self.order_form(uscc, documents))
        return self.number_of(answer)

    def number_of(self, answer: httpx.Response) -> str:
        found = re.search(r"/orders/(TH\d{8}-[0-9A-Z]+)", urljoin(str(answer.url), answer.headers.get("Location", "")))
        assert found, f"{answer.status_code} {answer.url}\n{answer.text[:800]}"
        return found.group(1)

    def status(self, number: str) -> str:
        """Canonical status of an order, read from its page."""
        page = BeautifulSoup(self.http.get(f"/orders/{number}").text, "html5lib")
        if page.find("a", href=f"/orders/{number}/copy"):
            return "ready"
        card = page.select_one(".eq-status__now")
        return card.get_text(strip=True) if card else "absent"

    def wait_ready(self, numbers: list[str], seconds: float = 90) -> None:
        """Until every order has its copy; names those that have none."""
        left, deadline = list(numbers), time.monotonic() + seconds
        while left and time.monotonic() < deadline:
            left = [number for number in left if self.status(number) != "ready"]
            time.sleep(0.3)
        assert not left, {number: self.status(number) for number in left}

    def copy(self, number: str) -> bytes:
        answer = self.http.get(f"/orders/{number}/copy")
        assert answer.status_code == 200, answer.status_code
        return answer.content

    def fresh_key(self) -> str:
        return secrets.token_urlsafe(16)
