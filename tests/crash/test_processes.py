"""Whole processes: two side by side and one killed, the database killed, SIGTERM under load, Redis killed."""

import shutil
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from pymongo import MongoClient

from adapters.sandbox.people import sample_person
from setup.mongod import free_port
from tests.crash.test_kill import messages, wait_until
from tests.trial import TrialSet
from tests.visitor import Visitor

#: What a visitor may wait for a page, and a little for a busy machine.
PATIENCE = 4.5
USCC = sample_person("legal_representative").uscc


@pytest.fixture
def visitor(trial: TrialSet) -> Iterator[Visitor]:
    made = Visitor(trial).sign_in("legal_representative")
    yield made
    made.http.close()


def all_well(trial: TrialSet, numbers: list[str]) -> None:
    """Every order has one copy, one seal, one message each way, and the audit is whole."""
    once = dict.fromkeys(numbers, 1)
    with MongoClient(trial.mongod.url) as client:
        tables = client["eqicha"]
        assert Counter(row["order_no"] for row in tables["copies"].find({"order_no": {"$in": numbers}})) == once
        sealed = tables["audit_events"].find({"tag": "copy:file:sealed", "fields.order_no": {"$in": numbers}})
        assert Counter(row["fields"]["order_no"] for row in sealed) == once
    for system in ("sms", "mail"):
        wait_until(lambda system=system: len(messages(trial, system, numbers)) == len(numbers))
        assert dict(messages(trial, system, numbers)) == once, system
    assert trial.command("verify-audit").startswith("the audit is whole")


def test_of_two_processes_one_is_killed_and_the_other_finishes_everything(trial: TrialSet, visitor: Visitor) -> None:
    other = trial.start_service("second", port=free_port())
    documents = visitor.open_documents(USCC)
    over_other = Visitor(trial)
    over_other.http = httpx.Client(base_url=other, cookies=visitor.http.cookies, follow_redirects=True, timeout=20)
    numbers = [each.place(USCC, documents[:2]) for _ in range(4) for each in (visitor, over_other)]
    trial.kill_service("second")
    visitor.wait_ready(numbers, seconds=150)
    all_well(trial, numbers)
    over_other.http.close()


def test_the_database_is_killed_and_everything_goes_on_by_itself(trial: TrialSet, visitor: Visitor) -> None:
    documents = visitor.open_documents(USCC)
    numbers = [visitor.place(USCC, documents[:2]) for _ in range(3)]
    trial.mongod.kill()
    try:
        with httpx.Client(base_url=trial.url, cookies=visitor.http.cookies, timeout=PATIENCE) as client:
            for _ in range(3):
                answer = client.get(f"/orders/{numbers[0]}")
                assert answer.status_code == 503
                assert "稍后" in answer.text
                assert "Traceback" not in answer.text
            wait_until(lambda: client.get("/readyz").status_code == 503)
            assert client.get("/healthz").status_code == 200
            assert client.get("/help", headers={"Cookie": ""}).status_code == 200
    finally:
        trial.mongod.start()
    wait_until(lambda: httpx.get(f"{trial.url}/readyz").status_code == 200)
    visitor.wait_ready(numbers, seconds=120)
    all_well(trial, numbers)


def test_sigterm_under_load_answers_what_it_took_and_leaves_nobody_behind(trial: TrialSet, visitor: Visitor) -> None:
    number = visitor.place(USCC, visitor.open_documents(USCC))  # long enough to be under way when the end comes
    cut, answered, stop = [], Counter(), threading.Event()

    def hammer(path: str) -> None:
        with httpx.Client(base_url=trial.url, cookies=visitor.http.cookies, timeout=20) as client:
            while not stop.is_set():
                try:
                    answered[client.get(path).status_code] += 1
                except httpx.ConnectError:
                    return  # it takes no new ones any more
                except httpx.HTTPError as fault:
                    cut.append((path, type(fault).__name__))
                    return

    paths = ("/companies?q=广州", f"/orders/{number}", "/", f"/companies/{USCC}/dossier")
    threads = [threading.Thread(target=hammer, args=(path,)) for path in paths * 2]
    for thread in threads:
        thread.start()
    wait_until(lambda: answered[200] > 40)
    group = trial._processes["service"].pid
    code = trial.end_service()
    stop.set()
    for thread in threads:
        thread.join(30)
    try:
        assert code == 0
        # a connection kept alive may be closed between two requests; a request read is always answered
        assert not [each for each in cut if each[1] == "ReadTimeout"], cut
        assert set(answered) == {200}, answered
        assert '"service_stopped"' in trial.log() or "drained" in trial.log()
        wait_until(lambda: not children_of(group), seconds=10)
        assert not children_of(group)
    finally:
        trial.start_service()
    visitor.wait_ready([number], seconds=120)
    all_well(trial, [number])


def children_of(group: int) -> list[str]:
    """Processes of the group that are left."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(fields[2]) == group and fields[0] != "Z":
            found.append(stat.parent.name)
    return found


@pytest.fixture
def redis(tmp_path: Path) -> Iterator["Redis"]:
    made = Redis(tmp_path)
    made.start()
    yield made
    made.kill()


class Redis:
    """A redis-server of its own that can be killed and come back empty."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: make setup"
        self.process = subprocess.Popen(
            [program, "--port", str(self.port), "--save", "", "--dir", str(self.folder)], stdout=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


def test_redis_is_killed_and_comes_back_empty(trial: TrialSet, redis: Redis) -> None:
    trial.kill_service()  # its address is the one the identity platform sends visitors back to
    trial.start_service("with-redis", redis_url=redis.url)
    visitor, again = Visitor(trial), Visitor(trial)
    try:
        visitor.sign_in("legal_representative")
        number = visitor.place(USCC, visitor.open_documents(USCC)[:1])
        redis.kill()
        answer = visitor.http.get(f"/orders/{number}")
        assert answer.status_code == 503
        assert "稍后" in answer.text
        assert "Traceback" not in answer.text
        assert httpx.get(f"{trial.url}/companies?q=广州").status_code == 200, "search needs no Redis"
        redis.start()
        wait_until(lambda: httpx.get(f"{trial.url}/signin").status_code == 302, seconds=20)
        again.sign_in("legal_representative")
        again.wait_ready([number])
        assert again.copy(number).startswith(b"%PDF")
    finally:
        again.http.close()
        visitor.http.close()
        trial.kill_service("with-redis")
        trial.start_service()


def test_receipts_come_back_signed_and_count_once(trial: TrialSet, visitor: Visitor) -> None:
    """The simulated platform tells us over HTTP; the same call again and a forged one change nothing."""
    number = visitor.place(USCC, visitor.open_documents(USCC)[:1])
    visitor.wait_ready([number])
    reference = f"{number}.copy_ready.sms"
    with MongoClient(trial.mongod.url) as client:
        outbox, inbox = client["eqicha"]["outbox"], client["eqicha"]["inbox"]
        wait_until(lambda: (outbox.find_one({"reference": reference}) or {}).get("receipt") == "arrived", seconds=30)
        assert outbox.find_one({"reference": reference})["receipt"] == "arrived"
        assert inbox.count_documents({"subject": reference}) == 1
        assert inbox.find_one({"subject": reference})["status"] == "applied"
        forged = httpx.post(f"{trial.url}/callbacks/sms", content=b"{}", headers={"X-App-Id": "eqicha-dev"})
        assert (forged.status_code, forged.json()["code"]) == (401, "1")
        assert httpx.post(f"{trial.url}/callbacks/nobody", content=b"{}").status_code == 404
        assert client["eqicha"]["audit_events"].count_documents({"tag": "callback:event:refused"}) >= 1
