"""Finding a company through the pages: whole pages, fragments, words, limits and evidence."""

from dataclasses import replace

import pytest

from conf.codes import make_uscc
from conf.terms import AuditTag, CompanyStatus
from store.records import Hit
from tests.web.conftest import Site
from tests.web.things import USCC, a_company
from views.contexts.search import Results


@pytest.fixture
def registry(site: Site) -> Site:
    """Thirty near-duplicates, one of them found by its former name."""
    companies = [a_company()]
    for n in range(30):
        uscc = make_uscc(f"MA5YYA{n:02}")
        name = f"广州样例云帆{'甲乙丙丁戊己庚辛壬癸'[n % 10]}{n}贸易有限公司"
        companies.append(replace(a_company(), uscc=uscc, reg_no="", name=name, former_names=()))
    site.run(site.store.companies.put_many(companies))
    site.run(site.store.companies.refresh_search())
    return site


def test_the_first_page_is_one_search_field_that_works_as_a_form(site: Site) -> None:
    page = site.visitor().get("/")
    form = page.one("form[role=search]")
    assert (form["action"], form["method"]) == ("/companies", "get")
    assert [i["name"] for i in form.select("input")] == ["q"]


def test_a_name_is_found_and_the_matched_part_is_marked(registry: Site) -> None:
    page = registry.visitor().get("/companies?q=云帆软件")
    assert "广州样例云帆软件有限公司" in page.words
    assert page.all("mark")[0].get_text() == "云帆软件"
    assert page.all(".eq-hit")[0].select_one(".eq-tag").get_text() == "存续"


def test_a_former_name_is_found_and_says_so(registry: Site) -> None:
    page = registry.visitor().get("/companies?q=启航科技")
    assert "曾用名：广州样例启航科技有限公司" in page.words


def test_more_leads_through_all_hits_without_a_repeat(registry: Site) -> None:
    visitor, path, seen = registry.visitor(), "/companies?q=样例云帆", []
    while path:
        page = visitor.get(path)
        seen += [a["href"] for a in page.all(".eq-hit__name a")]
        more = page.all(".eq-hits__more a")
        path = more[0]["href"] if more else ""
    assert len(seen) == len(set(seen)) == 31


def test_htmx_gets_the_very_lines_of_the_page(registry: Site) -> None:
    whole = registry.visitor().get("/companies?q=样例云帆")
    part = registry.visitor().get("/companies?q=样例云帆", fragment=True)
    assert part.one("#results").decode() == whole.one("#results").decode()
    assert "HX-Request" in part.headers["vary"]
    assert "HX-Request" in whole.headers["vary"]
    assert "<html" not in part.text


def test_typing_makes_one_step_of_history(registry: Site) -> None:
    visitor = registry.visitor()
    first = visitor.get("/companies?q=样例", fragment=True, HX_Current_URL="http://127.0.0.1/")
    next_one = visitor.get("/companies?q=样例云", fragment=True, HX_Current_URL="http://127.0.0.1/companies?q=x")
    assert first.headers["hx-push-url"].startswith("/companies?q=")
    assert next_one.headers["hx-replace-url"].startswith("/companies?q=")


def test_a_further_batch_for_htmx_is_lines_only(registry: Site) -> None:
    visitor = registry.visitor()
    more = visitor.get("/companies?q=样例云帆").one(".eq-hits__more a")["href"]
    part = visitor.get(str(more), fragment=True)
    assert part.all(".eq-hit")
    assert not part.all("#results")


@pytest.mark.parametrize(
    ("q", "words"),
    [("云", "请再多输入几个字"), ("不存在的字号", "没有找到“不存在的字号”"), ("", "请输入企业名称")],
)
def test_each_empty_answer_says_what_to_do_next(registry: Site, q: str, words: str) -> None:
    assert words in registry.visitor().get(f"/companies?q={q}").words


def test_a_question_too_broad_says_what_is_shown_all_the_same() -> None:
    hit = Hit(
        uscc=USCC, name="广州样例有限公司", status=CompanyStatus.ACTIVE, legal_representative="", street="",
        established_on=None, kind="name", matched="广州样例有限公司", spans=(), tier=3,
    )  # fmt: skip
    assert "最接近的 2 家" in Results(title="", q="公司", hits=(hit, hit), problem="too_broad").says
    assert "最接近" not in Results(title="", q="公司", problem="too_broad").says


def test_script_in_a_query_or_a_name_stays_text(site: Site) -> None:
    site.run(site.store.companies.put(a_company(name='广州样例<img src=x onerror="alert(1)">公司', former_names=())))
    site.run(site.store.companies.refresh_search())
    for q in ("样例<img", "<script>alert(1)</script>", '"><b>'):
        page = site.visitor().raw.get("/companies", params={"q": q})
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_asking_for_a_person_leaves_evidence_without_the_name(registry: Site) -> None:
    registry.visitor().get("/companies?q=欧阳样例")
    events = registry.run(_events(registry))
    assert [event.tag for event in events] == [AuditTag.PERSON_SEARCHED]
    assert "欧阳" not in repr(events)


def test_a_search_by_company_name_leaves_none(registry: Site) -> None:
    registry.visitor().get("/companies?q=云帆软件")
    assert registry.run(_events(registry)) == ()


def test_too_many_searches_are_told_when_to_come_back(registry: Site) -> None:
    visitor = registry.visitor()
    codes = [visitor.raw.get("/companies?q=云帆").status_code for _ in range(registry.settings.search_per_minute)]
    assert set(codes) == {200}
    refused = visitor.get("/companies?q=云帆", status=429)
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert visitor.get("/", status=200).h1


def test_the_company_page_shows_the_public_record_and_nothing_personal(registry: Site) -> None:
    page = registry.visitor().get(f"/companies/{USCC}")
    for words in ("欧阳样例", "500万元人民币", "软件开发", "股东样例", "曾用名：广州样例启航科技有限公司"):
        assert words in page.words
    assert page.one(f"a[href='/companies/{USCC}/dossier']")


def test_a_company_moved_out_names_the_registry_to_ask(site: Site) -> None:
    moved = a_company(status=CompanyStatus.MOVED_OUT, moved_to="深圳市样例登记机关")
    site.run(site.store.companies.put(moved))
    assert "深圳市样例登记机关" in site.visitor().get(f"/companies/{USCC}").words


@pytest.mark.parametrize("path", ["/companies/91440106MA59N0NE0X", "/companies/x", "/companies/"])
def test_an_unknown_company_is_an_ordinary_404(site: Site, path: str) -> None:
    assert site.visitor().get(path, status=404).h1 == "没有找到这个页面"


async def _events(site: Site) -> object:
    await site.store.audit.sequence("test")
    return await site.store.audit.events()
