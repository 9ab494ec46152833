"""Inside 穗好办 and 粤商通: a phone's webview without our header, judged by axe, with and without script."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Page, expect

from adapters.entry.tickets import AppTickets
from adapters.identity.tyrz import TyrzIdentity
from adapters.sandbox.people import sample_person
from adapters.sandbox.server import Sandbox
from conf.clock import utc_now
from conf.settings import Settings, load_settings
from tests.access import cases
from tests.desk import Desk
from tests.web.conftest import Site

Open = Callable[..., Page]
PAGES = ("/", "/companies?q=样例", f"/companies/{cases.USCC}", f"/companies/{cases.USCC}/order?extract=1", "/orders",
         "/verify", "/help")  # fmt: skip


@pytest.fixture(scope="module")
def apps(mongo_url: str, var_dir: Path) -> Iterator[tuple[Site, Sandbox]]:
    """The pages over one company, and both apps beside them."""
    settings = load_settings(
        mongo_url=mongo_url, mongo_database="eqicha_webview_test", var_dir=var_dir, worker_enabled=False
    )
    site = Site(settings, clock=utc_now)
    desk = Desk(site.store, site.settings, site.app.keys, site.clock, site.run)
    site.run(desk.open())
    head = sample_person("legal_representative")
    number = site.store.vault.conceal(head.id_number, "*")
    persons = (replace(desk.company().persons[0], name=head.name, id_number=number),)
    site.run(site.store.companies.put(replace(desk.company(), persons=persons)))
    site.run(site.store.companies.refresh_search())

    async def opened() -> tuple[Sandbox, Settings]:
        box = await Sandbox(load_settings(var_dir=var_dir, base_url=site.url)).start()
        to_it = load_settings(var_dir=var_dir, base_url=site.url, **box.addresses)
        site.app.adapters = SimpleNamespace(identity=TyrzIdentity(to_it), entry=AppTickets(to_it))
        return box, to_it

    box, _ = site.run(opened())
    yield site, box
    site.run(site.app.adapters.entry.close())
    site.run(site.app.adapters.identity.close())
    site.run(box.stop())
    site.close()


@pytest.fixture
def trial(apps: tuple[Site, Sandbox]) -> Site:
    return apps[0]


@pytest.fixture
def box(apps: tuple[Site, Sandbox]) -> Sandbox:
    return apps[1]


def arrive(page: Page, box: Sandbox, app: str, who: str = "温知夏") -> None:
    """Tap the service in the app, as a tester does on the sandbox's page."""
    page.goto(f"{box.url}/apps")
    page.get_by_role("link", name=f"在{app}中打开（{who}）").click()
    expect(page.locator(".eq-tabs")).to_be_visible()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
@pytest.mark.parametrize("app", ["穗好办", "粤商通"])
def test_the_visitor_arrives_and_finds_everything_without_a_header_of_ours(
    visitor: Open, box: Sandbox, trial: Site, app: str, script: bool
) -> None:
    page = visitor("phone", script=script)
    arrive(page, box, app)
    assert page.url == f"{trial.url}/", "no ticket is left in the address"
    for name, path in (("我的办件", "/orders"), ("验真伪", "/verify"), ("查企业", "/")):
        page.get_by_role("navigation", name="主导航").get_by_role("link", name=name).click()
        page.wait_for_url(f"**{path}")
        expect(page.locator("header")).to_have_count(0)
        expect(page.locator(".eq-tabs a[aria-current=page]")).to_have_text(name)


def test_every_page_fits_the_phone_and_passes_axe(
    visitor: Open, box: Sandbox, judge: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    page = visitor("phone")
    arrive(page, box, "穗好办")
    for number, path in enumerate(PAGES):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, f"{path} scrolls sideways"
        expect(page.locator(".eq-crumbs:visible")).to_have_count(0)
        judge(page)
        picture(page, f"webview-{number}")


def test_the_tabs_cover_nothing_and_take_a_finger(visitor: Open, box: Sandbox) -> None:
    page = visitor("phone")
    arrive(page, box, "粤商通")
    for path in PAGES:
        page.goto(path)
        page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight)")
        tabs, foot = page.locator(".eq-tabs").bounding_box(), page.locator(".eq-webview-foot").bounding_box()
        assert tabs is not None
        assert foot is not None
        assert foot["y"] + foot["height"] <= tabs["y"] + 1, f"{path}: the last line can be read"
        assert tabs["y"] + tabs["height"] == pytest.approx(844, abs=1)
        for link in page.locator(".eq-tabs a").all():
            spot = link.bounding_box()
            assert spot is not None
            assert min(spot["width"], spot["height"]) >= 44


def test_the_dossiers_order_button_stands_above_the_tabs(
    visitor: Open, box: Sandbox, judge: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    page = visitor("phone")
    arrive(page, box, "穗好办", sample_person("legal_representative").name)
    page.goto(f"/companies/{cases.USCC}/dossier")
    bar, tabs = page.locator(".eq-dossier__order").bounding_box(), page.locator(".eq-tabs").bounding_box()
    assert bar is not None
    assert tabs is not None
    assert bar["y"] + bar["height"] <= tabs["y"]
    judge(page)
    picture(page, "webview-dossier")


def test_a_refused_ticket_is_a_page_that_passes_axe(
    visitor: Open, trial: Site, judge: Callable[[Page], None], picture: Callable[[Page, str], None]
) -> None:
    page = visitor("phone")
    page.goto(f"{trial.url}/enter/shb?ticket={'f' * 43}")
    expect(page.get_by_role("heading", name="没有登录成功")).to_be_visible()
    judge(page)
    picture(page, "webview-refused")


def test_the_sandboxs_page_of_apps_passes_axe(visitor: Open, box: Sandbox, judge: Callable[[Page], None]) -> None:
    page = visitor("pc")
    page.goto(f"{box.url}/apps")
    judge(page)
