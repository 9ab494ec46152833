"""For operators: alive, ready, counted, logged, drained."""

import asyncio
import io
import json
import logging
import os
import re
import signal
import threading
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import structlog

from adapters.base import Line
from conf.keys import load_keys
from conf.logs import get_log, setup_logs
from conf.settings import ROOT, load_settings
from handlers import search
from handlers.application import make_application, serve
from handlers.base import BaseHandler
from handlers.guards import public
from handlers.metrics import Metrics
from handlers.watchdog import Watchdog
from setup.mongod import free_port
from store import open_store
from tests.web.conftest import DATABASE, Site
from views.render import warm


@pytest.fixture
def lines(site: Site) -> Any:
    """`lines()` gives all log lines of the test so far as parsed JSON; the root logger is as before afterwards."""
    root, out = logging.getLogger(), io.StringIO()
    before, level = list(root.handlers), root.level
    listener = setup_logs(style="json", level="info", stream=out)

    def read() -> list[dict[str, Any]]:
        listener.stop()
        listener.start()
        return [json.loads(line) for line in out.getvalue().splitlines()]

    yield read
    listener.stop()
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.reset_defaults()


def test_alive_says_so_without_looking_at_anything(site: Site) -> None:
    answer = site.visitor().get("/healthz")
    assert answer.response.json() == {"status": "ok"}


def test_ready_turns_503_while_draining_or_without_database(site: Site) -> None:
    browser = site.visitor()
    assert browser.get("/readyz").response.json()["ready"] is True
    for part in ("is_draining", "is_database_up"):
        setattr(site.app, part, part == "is_draining")
        assert browser.get("/readyz", status=503).response.json()["ready"] is False
        setattr(site.app, part, part != "is_draining")
    assert browser.get("/readyz").response.json()["ready"] is True


def test_figures_are_by_route_pattern_and_name_no_company(site: Site) -> None:
    browser = site.visitor()
    browser.get("/companies/91440106MA59N0NE0X", status=404)
    site.app.adapters.lines = (Line("sms", total_seconds=1),)
    text = browser.get("/metrics").text
    assert 'eqicha_breaker_open{system="sms"} 0.0' in text
    assert re.search(r'eqicha_answers_total\{route="/companies/\([^"]*",status="404"\} [1-9]', text)
    assert "MA59N0NE0X" not in text
    for name in ("eqicha_order_age_seconds", "eqicha_outbox_age_seconds", "eqicha_loop_lag_seconds"):
        assert name in text


def test_figures_do_not_exist_for_strangers(site: Site) -> None:
    site.app.conf = load_settings(**site.settings.model_dump() | {"metrics_networks": "10.9.8.0/24"})
    try:
        assert site.visitor().get("/metrics", status=404).h1
    finally:
        site.app.conf = site.settings


def test_a_request_is_one_line_with_route_status_time_and_nothing_personal(site: Site, lines: Any) -> None:
    answer = site.visitor().get("/companies?q=欧阳样例")
    (line,) = [line for line in lines() if line["event"] == "request"]
    assert (line["route"], line["status"], line["channel"], line["method"]) == ("/companies", 200, "pc", "GET")
    assert line["request_id"] == answer.headers["x-request-id"]
    assert line["ms"] > 0
    assert "欧阳" not in json.dumps(line, ensure_ascii=False)


def test_machines_asking_every_second_leave_no_line(site: Site, lines: Any) -> None:
    for path in ("/healthz", "/readyz", "/metrics"):
        site.visitor().get(path)
    assert [line for line in lines() if line["event"] == "request"] == []


def test_a_breakdown_is_logged_with_its_trace_and_shown_without(site: Site, lines: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr(search.Companies, "limit_searches", lambda self: 1 / 0)
    page = site.visitor().get("/companies?q=x", status=500)
    assert "ZeroDivisionError" not in page.text
    (line,) = [line for line in lines() if line["event"] == "request_failed"]
    assert line["request_id"] == page.headers["x-request-id"]
    assert "ZeroDivisionError" in line["exception"]


def test_lines_of_other_packages_are_json_too_and_scrubbed(lines: Any) -> None:
    logging.getLogger("pymongo.client").warning("id 11010519491231002X\nlost")
    try:
        raise ValueError("phone 13812345678")
    except ValueError:
        get_log("test").error("broken", exc_info=True, phone="13812345678")
    foreign, ours = lines()
    assert (foreign["event"], foreign["level"]) == ("id *** lost", "warning")
    assert "13812345678" not in json.dumps(ours)
    assert "ValueError" in ours["exception"]


def test_a_logger_made_before_the_set_up_obeys_it(lines: Any) -> None:
    search_log = get_log("early")
    search_log.info("something_happened", code="ABCD")
    assert lines()[-1] | {"timestamp": ""} == {
        "room": "early", "event": "something_happened", "code": "***", "level": "info", "timestamp": ""
    }  # fmt: skip


def test_the_watchdog_names_what_held_the_loop(lines: Any) -> None:
    metrics = Metrics()

    async def hold() -> None:
        watchdog = Watchdog(metrics)
        watchdog.start()
        await asyncio.sleep(0.15)
        hold_the_loop()
        await asyncio.sleep(0.15)
        watchdog.stop()

    def hold_the_loop() -> None:
        threading.Event().wait(0.6)

    asyncio.run(hold())
    stacks = [line["stack"] for line in lines() if line["event"] == "loop_lag" and "stack" in line]
    assert any("hold_the_loop" in stack for stack in stacks)
    assert metrics.worst_lag._value.get() > 0.3


def test_a_stop_signal_cuts_no_request_off(site: Site) -> None:
    """SIGTERM while a request is being answered: it is answered whole, new connections are refused, serve() ends."""
    settings = load_settings(**site.settings.model_dump() | {"port": free_port(), "mongo_database": DATABASE})
    started = threading.Event()
    answers: list[httpx.Response] = []
    refused: list[bool] = []

    def visit() -> None:
        answers.append(httpx.get(f"http://127.0.0.1:{settings.port}/slow", timeout=60))

    def hold_the_loop() -> None:
        """As on a machine that has too much to do: every turn of the loop takes long."""
        threading.Event().wait(0.1)

    class Slow(BaseHandler):
        @public
        async def get(self) -> None:
            started.set()
            for _ in range(5):
                await asyncio.sleep(0.05)
                hold_the_loop()
            self.finish("whole")

    async def live() -> None:
        store = await open_store(settings, load_keys(settings))
        app = make_application(store, SimpleNamespace(lines=()), settings, keys=load_keys(settings))
        app.add_handlers("127.0.0.1", [("/slow", Slow, {"route": "/slow"})])
        client = threading.Thread(target=visit)

        def stop_while_busy() -> None:
            client.start()
            assert started.wait(30)
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.1)
            try:
                httpx.get(f"http://127.0.0.1:{settings.port}/healthz", timeout=2)
            except httpx.ConnectError:
                refused.append(True)

        helper = threading.Thread(target=stop_while_busy)
        await serve(app, on_ready=helper.start)
        helper.join(5)
        client.join(5)
        await store.close()

    asyncio.run(live())
    assert [answer.text for answer in answers] == ["whole"]
    assert refused == [True]


def test_every_page_is_compiled_before_the_first_visitor_comes() -> None:
    """Compiling one takes longer than a request may hold the loop."""
    assert warm() == len(list((ROOT / "views" / "pages").rglob("*.html")))
