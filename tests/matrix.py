"""Every counterpart × every fault against a whole trial set; used by tests/crash/test_matrix.py and `make faults`.

Each cell switches one fault on, has a visitor do what needs that counterpart, switches it off, and looks what arrived
at the receiving side. A cell is right when the visitor was answered in plain words each time and, after recovery,
everything is there exactly once.
"""

import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from pymongo import MongoClient

from adapters.sandbox.people import sample_person
from adapters.sandbox.state import CALLING_FAULTS, SYSTEMS, faults_of
from tests.crash.test_kill import messages, wait_until
from tests.trial import TrialSet
from tests.visitor import Visitor

#: What a visitor may wait: 3 s of the promise and a little for a busy machine. A longer answer is a failed request.
PATIENCE = 3.5
RECOVERY = 120.0
#: Which request of a sealing a fault of the platform's own strikes: it is sent, then fetched.
STRIKES_AT = {"lost-seal": 2, "other-certificate": 3, "other-document": 3, "changed-page": 3}
REFUSED = {"tag": "callback:event:refused"}
USCC = sample_person("legal_representative").uscc
#: The breakers stay shut, so that every fault really strikes.
SETTINGS = {"order_per_hour": 10_000, "outside_failures": 10_000}


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One fault of one counterpart. `saw` and `after` are words for the table; `wrong` is empty when all is well."""

    system: str
    fault: str
    saw: str
    longest: float  # seconds the visitor waited for the slowest answer
    after: str
    wrong: tuple[str, ...] = ()


@dataclass
class Watch:
    """A visitor whose longest wait is remembered; a longer one than `PATIENCE` ends in an error of the client."""

    trial: TrialSet
    person: str = "legal_representative"
    longest: float = 0.0
    visitor: Visitor = field(init=False)

    def __post_init__(self) -> None:
        self.visitor = Visitor(self.trial, patience=PATIENCE)
        self.visitor.http.event_hooks = {"request": [self._begin], "response": [self._end]}

    def take(self) -> float:
        longest, self.longest = self.longest, 0.0
        return longest

    def _begin(self, request: httpx.Request) -> None:
        request.extensions["begun"] = time.monotonic()

    def _end(self, response: httpx.Response) -> None:
        response.read()
        if str(response.request.url).startswith(self.trial.url):  # the sandbox's own pages do not count
            self.longest = max(self.longest, time.monotonic() - response.request.extensions["begun"])


@contextmanager
def struck(trial: TrialSet, fault: str, systems: Sequence[str]) -> Iterator[None]:
    """The fault at all `systems`, off again at the end."""
    trial.fault(**dict.fromkeys(systems, fault))
    try:
        yield
    finally:
        trial.fault(**dict.fromkeys(systems, ""))


def strikes(system: str) -> list[str]:
    """The faults that strike our calls to it."""
    return [fault for fault in faults_of(system) if fault not in CALLING_FAULTS]


def signing_in(trial: TrialSet) -> list[Cell]:
    """Identity: every fault while the platform sends the visitor back to us."""
    return [_one_sign_in(trial, fault) for fault in strikes("identity")]


def _one_sign_in(trial: TrialSet, fault: str) -> Cell:
    watch, wrong = Watch(trial, "stranger"), []
    http = watch.visitor.http
    answer = http.get("/signin")
    form = watch.visitor._form_of(answer, sample_person("stranger"))
    back = http.post(str(answer.url), data=form, follow_redirects=False)
    watch.take()
    with struck(trial, fault, ["identity"]):
        told = http.get(back.headers["Location"])
    if told.status_code not in {502, 503} or "登录" not in told.text:
        wrong.append(f"answered {told.status_code}")
    longest = watch.take()
    watch.visitor.sign_in("stranger")
    if http.get("/orders").url.path != "/orders":
        wrong.append("no sign-in after recovery")
    http.close()
    return Cell(
        system="identity", fault=fault, saw=f"{told.status_code}, a page in words", longest=longest,
        after="signed in", wrong=tuple(wrong),
    )  # fmt: skip


def sealing(trial: TrialSet, system: str) -> list[Cell]:
    """`tsa` or `seal`: orders wait, nothing unsealed goes out, one copy each afterwards."""
    watch = Watch(trial)
    watch.visitor.sign_in(watch.person)
    documents = watch.visitor.open_documents(USCC)[:1]
    found: dict[str, tuple[str, float, list[str]]] = {}
    for fault in strikes(system):
        with struck(trial, fault, [system]):
            asked = trial.calls(system)
            watch.take()
            number = watch.visitor.place(USCC, documents)
            enough = asked + STRIKES_AT.get(fault, 1)
            wait_until(lambda enough=enough: trial.calls(system) >= enough, seconds=20)
            wrong = [] if trial.calls(system) >= enough else ["never asked"]
            if watch.visitor.http.get(f"/orders/{number}/copy").content.startswith(b"%PDF"):
                wrong.append("a file was handed out")
            watch.visitor.http.get(f"/orders/{number}")
        found[fault] = (number, watch.take(), wrong)
    numbers = [number for number, _, _ in found.values()]
    watch.visitor.wait_ready(numbers, seconds=RECOVERY)
    copies = {number: watch.visitor.copy(number).startswith(b"%PDF") for number in numbers}
    sent = _arrivals(trial, ["sms", "sms2"], numbers)
    watch.visitor.http.close()
    return [
        Cell(
            system=system, fault=fault, saw="order kept, 'being sealed'", longest=longest, after="one sealed copy",
            wrong=tuple(wrong + ([] if copies[number] else ["no copy"]) + _once("messages", sent.get(number, 0))),
        )
        for fault, (number, longest, wrong) in found.items()
    ]  # fmt: skip


def licences(trial: TrialSet) -> list[Cell]:
    """Sharing platform: a lawyer's order is taken all the same, the licence is checked when the platform is back."""
    watch = Watch(trial, "lawyer")
    watch.visitor.sign_in("lawyer")
    uscc, lawyer = USCC, sample_person("lawyer")
    asks_as_lawyer(watch.visitor, uscc)
    found: dict[str, tuple[str, float, list[str]]] = {}
    for fault in strikes("sharing"):
        with struck(trial, fault, ["sharing"]):
            watch.take()
            form = watch.visitor.order_form(uscc, watch.visitor.open_documents(uscc)[:1])
            form |= {"purpose": ["legal_service"], "licence_no": [lawyer.licence_no], "firm": [lawyer.firm],
                     "case_summary": ["买卖合同纠纷，需要核对登记材料。"], "promised": ["1"]}  # fmt: skip
            number = watch.visitor.number_of(watch.visitor.http.post(f"/companies/{uscc}/order", data=form))
        found[fault] = (number, watch.take(), [])
    with MongoClient[dict[str, Any]](trial.mongod.url) as client:
        orders = client["eqicha"]["orders"]
        checked = {"_id": {"$in": [number for number, _, _ in found.values()]}, "licence.outcome": "matches"}
        wait_until(lambda: orders.count_documents(checked) == len(found), seconds=RECOVERY)
        right = {row["_id"] for row in orders.find(checked | {"status": "under_review"})}
    watch.visitor.http.close()
    return [
        Cell(
            system="sharing", fault=fault, saw="order taken, under review", longest=longest,
            after="licence checked", wrong=tuple([*wrong, *([] if number in right else ["licence not checked"])]),
        )
        for fault, (number, longest, wrong) in found.items()
    ]  # fmt: skip


def asks_as_lawyer(visitor: Visitor, uscc: str) -> None:
    """The dossier lists its titles to a lawyer who says so."""
    page = visitor.http.get(f"/companies/{uscc}/dossier")
    token = re.search(r'name="_xsrf" value="([^"]+)"', page.text)
    assert token, page.text[:500]
    body = {"_xsrf": token.group(1), "purpose": "legal_service"}
    assert visitor.http.post(f"/companies/{uscc}/purpose", data=body).status_code == 200


def platform_sealing(trial: TrialSet) -> list[Cell]:
    """The e-seal platform in the place of our own key: the same, and one seal a copy at the platform."""
    platform = {"seal_provider": "platform", "outside_times": "seal=1/5"}
    trial.command("seals", "add", "--note", "faults", **platform)
    trial.end_service()
    trial.start_service(**platform)
    cells = sealing(trial, "seal")
    seals = Counter(row["key"] for row in trial.received("seal"))
    doubled = tuple(f"{count} seals on {number}" for number, count in seals.items() if count != 1)
    trial.end_service()
    trial.command("seals", "retire", "TH-ARCHIVE-1", "2", "--reason", "faults: back to our own key", **platform)
    trial.start_service()
    missing = len(cells) - len(seals)
    wrong = (*doubled, *([f"{missing} seals missing or too many"] if missing else []))
    return [replace(cell, wrong=cell.wrong + wrong) for cell in cells]


def messaging(trial: TrialSet, systems: Sequence[str]) -> list[Cell]:
    """Everything that leaves from the outbox: the copy is not held up, each message arrives once."""
    watch = Watch(trial)
    watch.visitor.sign_in(watch.person)
    documents = watch.visitor.open_documents(USCC)[:1]
    found: dict[str, tuple[str, float, list[str]]] = {}
    for fault in dict.fromkeys(fault for system in systems for fault in strikes(system)):
        having = [system for system in systems if fault in faults_of(system)]
        with struck(trial, fault, having):
            watch.take()
            asked = {system: trial.calls(system) for system in having}
            number = watch.visitor.place(USCC, documents)
            watch.visitor.wait_ready([number], seconds=60)
            wrong = [] if watch.visitor.copy(number).startswith(b"%PDF") else ["no copy"]
            rate(watch.visitor, number)
            wait_until(lambda having=having, asked=asked: _all_asked(trial, having, asked), seconds=20)
        found[fault] = (number, watch.take(), wrong)
    watch.visitor.http.close()
    numbers = [number for number, _, _ in found.values()]
    cells = []
    for system in systems:
        sent = _arrivals(trial, ["sms", "sms2"] if system.startswith("sms") else [system], numbers)
        for fault in strikes(system):
            number, longest, wrong = found[fault]
            cells.append(
                Cell(
                    system=system, fault=fault, saw="copy at once, nothing of the fault", longest=longest,
                    after="arrived once", wrong=tuple(wrong + _once("arrivals", sent.get(number, 0))),
                )
            )  # fmt: skip
    return cells


def _told_by_the_first(visitor: Visitor, tables: Any, documents: list[str]) -> str:
    """An order whose message went by the first vendor; the second, who gets a quarter of them, sends no receipts."""
    for _ in range(12):
        number = visitor.place(USCC, documents)
        visitor.wait_ready([number], seconds=60)
        of_order = {"order_no": number, "kind": "sms", "vendor": {"$in": ["sms", "sms2"]}}
        wait_until(lambda of_order=of_order: tables["outbox"].count_documents(of_order) == 1, seconds=RECOVERY)
        if tables["outbox"].find_one(of_order)["vendor"] == "sms":
            return number
    raise AssertionError("twelve messages in a row went by the second vendor")


def receipts(trial: TrialSet) -> list[Cell]:
    """The SMS platform's calls to us: what is forged or stale is refused and on record, the receipt applied once."""
    watch = Watch(trial)
    watch.visitor.sign_in(watch.person)
    documents = watch.visitor.open_documents(USCC)[:1]
    cells = []
    with MongoClient[dict[str, Any]](trial.mongod.url) as client:
        tables = client["eqicha"]
        for fault in (*CALLING_FAULTS, "clock"):
            refused = tables["audit_events"].count_documents(REFUSED)
            with calling(trial, fault):
                number = _told_by_the_first(watch.visitor, tables, documents)
                if fault in {"forged", "clock"}:
                    wait_until(lambda refused=refused: tables["audit_events"].count_documents(REFUSED) > refused)
            of_order = {"order_no": number, "kind": "sms", "receipt": "arrived"}
            wait_until(lambda of_order=of_order: tables["outbox"].count_documents(of_order) == 1, seconds=RECOVERY)
            message = tables["outbox"].find_one(of_order) or {"reference": ""}
            told = {"tag": "callback:event:received", "subject": message["reference"]}
            wrong = _once("receipts applied", tables["audit_events"].count_documents(told))
            now_refused = tables["audit_events"].count_documents(REFUSED)
            if fault in {"forged", "clock"} and now_refused == refused:
                wrong.append("no refusal on record")
            cells.append(
                Cell(
                    system="sms", fault=fault, saw="copy at once, nothing of the fault", longest=watch.take(),
                    after="receipt applied once", wrong=tuple(wrong),
                )
            )  # fmt: skip
    watch.visitor.http.close()
    return cells


@contextmanager
def calling(trial: TrialSet, fault: str) -> Iterator[None]:
    """A fault of the platform's calls; a clock that is off also refuses ours, so the message goes out first."""
    if fault != "clock":
        with struck(trial, fault, ["sms"]):
            yield
        return
    before = trial.received("sms")
    later = threading.Thread(target=_clock_off_after_next, args=(trial, len(before)), daemon=True)
    later.start()
    try:
        yield
    finally:
        later.join()
        trial.fault(sms="")


def _clock_off_after_next(trial: TrialSet, kept: int) -> None:
    wait_until(lambda: len(trial.received("sms")) > kept, seconds=60)
    trial.fault(sms="clock")


def rate(visitor: Visitor, number: str) -> None:
    """The best level, as the form sends it."""
    form = visitor.http.get(f"/orders/{number}/rating")
    token = re.search(r'name="_xsrf" value="([^"]+)"', form.text)
    assert token, form.text[:500]
    body = {"_xsrf": token.group(1), "number": "1", "satisfaction": "5"}
    answer = visitor.http.post(f"/orders/{number}/rating", data=body)
    assert answer.status_code == 200, answer.status_code


def _all_asked(trial: TrialSet, systems: Sequence[str], before: dict[str, int]) -> bool:
    """Each was called since; of the two SMS vendors one is enough."""
    called = {system for system in systems if trial.calls(system) > before[system]}
    return called >= {system for system in systems if system not in {"sms", "sms2"}} and bool(
        called & {"sms", "sms2"} or not set(systems) & {"sms", "sms2"}
    )


def _arrivals(trial: TrialSet, systems: Sequence[str], numbers: Sequence[str]) -> dict[str, int]:
    """Per order, how many things these counterparts kept, once each has at least one (or recovery took too long)."""

    def now() -> dict[str, int]:
        total = dict.fromkeys(numbers, 0)
        for system in systems:
            for number, count in messages(trial, system, list(numbers)).items():
                total[number] += count
        return total

    wait_until(lambda: all(now().values()), seconds=RECOVERY)
    return now()


def _once(what: str, count: int) -> list[str]:
    return [] if count == 1 else [f"{count} {what}"]


def table(cells: Sequence[Cell]) -> str:
    """The cells as a Markdown table, one row a counterpart and fault."""
    words = {system: dict(faults_of(system)) for system in SYSTEMS}
    lines = [
        "| Counterpart | Fault | Visitor saw | Longest wait | After recovery | Right |",
        "|---|---|---|---|---|---|",
    ]
    for cell in cells:
        fault = f"{cell.fault} {words.get(cell.system, {}).get(cell.fault, '')}".strip()
        verdict = "yes" if not cell.wrong else "**no**: " + "; ".join(cell.wrong)
        lines.append(f"| {cell.system} | {fault} | {cell.saw} | {cell.longest:.1f} s | {cell.after} | {verdict} |")
    return "\n".join(lines)


Part = Callable[[TrialSet], list[Cell]]
