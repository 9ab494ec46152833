"""Real Chromium against a whole trial set: service, sandbox and mongod as processes of their own.

`trial` is shared by all journeys of a run. `judge(page)` runs axe and fails on any violation, on script errors and on
anything the content security policy stopped.
"""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect

from tests.browser.people import Office
from tests.trial import ROOT, TrialSet

expect.set_options(timeout=20_000)  # a busy machine is no fault of a page
CHROMIUM = "/usr/bin/chromium"
SIZES = {"pc": (1440, 900), "phone": (390, 844), "kiosk": (1080, 1920)}
PICTURES = ROOT / "tests" / "browser" / "output"


@pytest.fixture(scope="session")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TrialSet]:
    made = TrialSet(tmp_path_factory.mktemp("trial"), search_per_minute=6000, verify_per_minute=600, order_per_hour=500)
    try:
        yield made.up(companies=60, dossiers=4)
    finally:
        made.down()


@pytest.fixture(scope="session")
def office(trial: TrialSet) -> Iterator[Office]:
    """Where people of ours and of units are made, in the trial set's own store."""
    made = Office(trial)
    yield made
    made.close()


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    quiet = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip
    return {"executable_path": CHROMIUM, "args": quiet}


@pytest.fixture(params=list(SIZES))
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def is_fault(line: ConsoleMessage) -> bool:
    """An error of script or policy. That an answer was a refusal (422 and the like) is logged too and is none."""
    is_policy = "Content Security Policy" in line.text
    return is_policy or (line.type == "error" and "Failed to load resource" not in line.text)


@pytest.fixture
def visitor(browser: Browser, trial: TrialSet) -> Iterator[Callable[..., Page]]:
    """`visitor("phone", script=False)` opens a fresh visitor's page; faults in the browser fail the test."""
    opened: list[BrowserContext] = []
    faults: list[str] = []

    def open_page(size: str = "pc", *, script: bool = True) -> Page:
        width, height = SIZES[size]
        context = browser.new_context(
            viewport={"width": width, "height": height},
            java_script_enabled=script,
            base_url=trial.url,
            locale="zh-CN",
            accept_downloads=True,
            has_touch=size == "phone",
        )
        opened.append(context)
        context.on("weberror", lambda error: faults.append(f"script: {error.error}"))
        context.on("console", lambda line: faults.append(line.text) if is_fault(line) else None)
        page = context.new_page()
        page.set_default_timeout(20_000)
        return page

    yield open_page
    for context in opened:
        context.close()
    assert not faults, faults


@pytest.fixture
def judge() -> Callable[[Page], None]:
    """Fail on any axe violation (WCAG 2.2 A and AA and best practice), naming rule and element."""
    axe = (ROOT / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

    def run(page: Page) -> None:
        page.evaluate(axe)
        found = page.evaluate(
            "tags => axe.run(document, {runOnly: {type: 'tag', values: tags}}).then(r => r.violations)", tags
        )
        lines = [f"{v['id']}: {v['help']} {json.dumps([n['html'][:160] for n in v['nodes'][:3]])}" for v in found]
        assert not lines, f"{page.url}\n" + "\n".join(lines)

    return run


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """Save a screenshot under tests/browser/output, for people to look at."""
    PICTURES.mkdir(exist_ok=True)

    def save(page: Page, name: str) -> None:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=False)

    return save
