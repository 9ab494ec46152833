"""Two processes behind a real nginx with our sample file: TLS, addresses, bodies, pictures, a rolling restart."""

import re
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import cast

import httpx
import pytest
from bs4 import BeautifulSoup
from pymongo import MongoClient

from adapters.sandbox.people import sample_person
from setup.mongod import free_port
from tests.crash.test_kill import wait_until
from tests.front import NAME, Front
from tests.trial import TrialSet
from tests.visitor import Visitor

USCC = sample_person("legal_representative").uscc
DOSSIER = f"/companies/{USCC}/dossier"
#: Where our own people sit, as nginx is told.
DESK, ELSEWHERE = "127.0.0.9", "127.0.0.77"


class Pair:
    """Two processes of the service behind nginx."""

    def __init__(self, trial: TrialSet, front: Front) -> None:
        self.trial, self.front = trial, front
        self.ports = {"left": free_port(), "right": free_port()}
        self.identity = trial.start_identity("front-sandbox", front.url)

    def start(self, name: str) -> None:
        front = self.front
        self.trial.start_service(
            name, port=self.ports[name], base_url=front.url, hosts=f"{NAME},127.0.0.1", trusted_proxy="true",
            accel_dir=front.pictures, child_processes=1, **self.identity,
        )  # fmt: skip

    def visitor(self) -> Visitor:
        made = Visitor(cast(TrialSet, SimpleNamespace(url=self.front.url)))
        made.http.close()
        made.http = self.front.client()
        return made


@pytest.fixture(scope="module")
def pair(trial: TrialSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    made = Pair(trial, Front(tmp_path_factory.mktemp("front")))
    made.front.pictures.mkdir()
    with ThreadPoolExecutor() as pool:
        list(pool.map(made.start, made.ports))
    made.front.start(list(made.ports.values()), staff_network="127.0.0.8/29")
    try:
        yield made
    finally:
        made.front.stop()
        for name in (*made.ports, "front-sandbox"):
            trial.end_service(name)


@pytest.fixture(scope="module")
def visitor(pair: Pair) -> Iterator[Visitor]:
    made = pair.visitor().sign_in("legal_representative")
    yield made
    made.http.close()


def test_only_tls_and_only_our_name_are_answered(pair: Pair) -> None:
    front = pair.front
    plain = httpx.get(f"http://127.0.0.1:{front.plain_port}/help?a=1", headers={"Host": NAME})
    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://{NAME}/help?a=1")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(f"http://127.0.0.1:{front.plain_port}/help")
    with pytest.raises(httpx.ConnectError, match=r"(?i)unrecognized.name"):
        httpx.get(f"https://127.0.0.1:{front.port}/help", verify=False)
    hello = ["openssl", "s_client", "-connect", f"127.0.0.1:{front.port}", "-servername", NAME, "-tls1_1"]
    old = subprocess.run(
        [*hello, "-cipher", "DEFAULT:@SECLEVEL=0"], input=b"", capture_output=True, timeout=20, check=False
    )
    assert b"alert" in old.stderr, old.stderr[-400:]
    assert b"Cipher is (NONE)" in old.stdout
    with front.client() as client:
        answer = client.get("/help")
        assert answer.status_code == 200
        assert answer.headers.get_list("Strict-Transport-Security") == ["max-age=31536000; includeSubDomains"]
        assert "Server" not in answer.headers or not re.search(r"\d", answer.headers["Server"])
        assert [client.get(path).status_code for path in ("/metrics", "/readyz", "/internal/away.html")] == [404] * 3


def test_the_audit_knows_the_visitors_address_whatever_they_claim(pair: Pair) -> None:
    """Two at one address are one address, two at different ones two; what a browser says of itself is nothing."""
    lies = {
        "X-Forwarded-For": DESK, "X-Real-IP": DESK, "X-Scheme": "http", "X-Forwarded-Proto": "http",
        "Forwarded": f"for={DESK}",
    }  # fmt: skip
    marks = {}
    for mark, address, said in (("a", ELSEWHERE, {}), ("b", ELSEWHERE, lies), ("c", DESK, {})):
        with pair.front.client(address=address) as client:
            answer = client.get("/verify", params={"code": "ABCDEFGHJKMNPQRSTVWX"}, headers=said)
            assert answer.status_code == 200
            marks[mark] = answer.headers["X-Request-ID"]
            assert client.get("/staff/signin", headers=said).status_code == (200 if address == DESK else 403)
    with MongoClient(pair.trial.mongod.url) as database:
        events = database["eqicha"]["audit_events"]
        seen = {mark: events.find_one({"request_id": id})["address"] for mark, id in marks.items()}
    assert seen["a"] == seen["b"] != seen["c"]


def test_bodies_are_limited_where_they_come_in(pair: Pair, visitor: Visitor) -> None:
    too_large = visitor.http.post("/feedback", data={"a": "x" * (2 << 20)})
    assert too_large.status_code == 413
    assert "内容太大" in too_large.text
    three = {"file": ("a.pdf", b"%PDF-1.7\n" + b"0" * (3 << 20), "application/pdf")}
    for path in ("/verify/file", "/orders/TH20260101-ABCDEF/answer", "/gov/cases/new/file"):
        answer = visitor.http.post(path, files=three)
        assert answer.headers.get("X-Request-ID"), f"{path} {answer.status_code}: the service is to answer, not nginx"


def test_pictures_come_through_nginx_as_the_service_would_send_them(pair: Pair, visitor: Visitor) -> None:
    document = visitor.open_documents(USCC)[0]
    page = BeautifulSoup(visitor.http.get(f"/companies/{USCC}/documents/{document}/pages/1").text, "html5lib")
    path = str(page.select_one("img[src^='/pages/']")["src"])  # type: ignore[index]
    direct = httpx.get(
        f"http://127.0.0.1:{pair.ports['left']}{path}",
        headers={"Cookie": "; ".join(f"{n}={v}" for n, v in visitor.http.cookies.items()), "X-Real-IP": "127.0.0.1"},
    )
    name = direct.headers["X-Accel-Redirect"].rsplit("/", 1)[1]
    assert direct.content == b""
    answer = visitor.http.get(path)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
    assert answer.content == (pair.front.pictures / name).read_bytes(), "name, purpose and minute are burned in"
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not {"X-Accel-Redirect", "ETag", "Last-Modified"} & set(answer.headers)
    for header in (
        "Strict-Transport-Security", "Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options",
        "Referrer-Policy", "Permissions-Policy", "Cross-Origin-Opener-Policy", "Cross-Origin-Resource-Policy",
    ):  # fmt: skip
        assert answer.headers.get_list(header) == [direct.headers.get(header)], header
    assert visitor.http.get(f"/internal/pictures/{name}").status_code == 404, "handed over, never fetched"
    with pair.front.client() as stranger:
        assert stranger.get(path).headers["Content-Type"].startswith("text/html")
    assert (pair.front.pictures / name).stat().st_mode & 0o007 == 0


def test_a_restart_one_after_the_other_fails_nobody(pair: Pair, visitor: Visitor) -> None:
    """Reads and posts go on all the while, on connections kept and on new ones."""
    form = BeautifulSoup(visitor.http.get(DOSSIER).text, "html5lib")
    token = str(form.select_one("input[name=_xsrf]")["value"])  # type: ignore[index]
    told, failed, stop = Counter[str](), [], threading.Event()

    def ask(method: str, path: str, *, keep: bool) -> None:
        client = pair.front.client()
        client.cookies = visitor.http.cookies
        client.follow_redirects = False
        data = {"_xsrf": token, "purpose": "own_affairs"} if method == "POST" else None
        while not stop.is_set():
            try:
                answer = client.request(method, path, data=data, headers={} if keep else {"Connection": "close"})
            except httpx.HTTPError as fault:
                failed.append((method, path, repr(fault)))
                continue
            told[method] += 1
            time.sleep(0.03)  # two cores are to start a process meanwhile
            if answer.status_code != (303 if method == "POST" else 200):
                failed.append((method, path, answer.status_code))
        client.close()

    purpose = f"/companies/{USCC}/purpose"
    jobs = [("GET", "/help", True), ("GET", DOSSIER, False), ("POST", purpose, True), ("POST", purpose, False)]
    threads = [threading.Thread(target=ask, args=job[:2], kwargs={"keep": job[2]}) for job in jobs]
    for thread in threads:
        thread.start()
    try:
        for name in pair.ports:
            before = told.total()
            wait_until(lambda before=before: told.total() > before + 50)
            assert pair.trial.end_service(name) == 0
            pair.start(name)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    print(f"\nrestarts: 2, answered: {dict(told)}, failed: {len(failed)}")
    assert not failed, failed[:5]


def test_with_nobody_behind_nginx_says_so_in_words(pair: Pair) -> None:
    pair.front.configure([free_port()], staff_network="127.0.0.8/29")
    pair.front.reload()
    with pair.front.client() as client:
        wait_until(lambda: client.get("/help").status_code == 502, seconds=10)
        answer = client.get("/help")
    pair.front.configure(list(pair.ports.values()), staff_network="127.0.0.8/29")
    pair.front.reload()
    assert "请您稍后再试" in answer.text
    assert "nginx" not in answer.text
