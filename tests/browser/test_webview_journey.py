"""The whole way inside 粤商通, on a phone against real processes: arrive, order, download; the portal follows."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from tests.browser import walk
from tests.trial import TrialSet


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_copy_is_had_without_leaving_the_app_and_the_portal_shows_each_step(
    visitor: Callable[..., Page], trial: TrialSet, judge: Callable[[Page], None], tmp_path: Path, script: bool
) -> None:
    page = visitor("phone", script=script)
    page.goto(f"{trial.sandbox_url}/apps")
    page.get_by_role("link", name=f"在粤商通中打开（{walk.HEAD}）").click()
    page.wait_for_url(f"{trial.url}/")
    page.goto(f"/companies/{sample_person('legal_representative').uscc}/dossier")
    walk.choose_papers(page)
    number = walk.place_order(page)
    walk.wait_for_copy(page, script=script)
    expect(page.locator("header.eq-header")).to_have_count(0)
    if script:
        judge(page)
    walk.download(page, tmp_path)
    deadline = time.monotonic() + 30
    while states(trial, number) != ["1", "2", "3"] and time.monotonic() < deadline:
        time.sleep(0.3)
    assert states(trial, number) == ["1", "2", "3"]
    page.goto(f"{trial.sandbox_url}/apps")
    row = page.locator("tr", has_text=number)
    expect(row).to_contain_text("已办结")
    expect(row).to_contain_text("yst")


def states(trial: TrialSet, number: str) -> list[str]:
    """What the portal knows of an order, in the order it learnt it."""
    return [row["state"] for row in trial.received("portal") if row["projectNo"] == number]
