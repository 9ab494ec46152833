"""The dossier page over HTTP: who is shown what, what is said to the others, and what it costs."""

import re
from dataclasses import replace

import pytest

from conf.terms import PurposeCode
from tests.web.archive import LOCKED, MOVED, OTHER, USCC, open_archive


@pytest.fixture(scope="module")
def archive(mongo_url, var_dir):
    with open_archive(mongo_url, var_dir, "eqicha_dossier_test") as opened:
        yield opened


def dossier(archive, person, uscc=USCC, status=200):
    return archive.visit(person).get(f"/companies/{uscc}/dossier", status=status)


def test_who_is_not_signed_in_signs_in_first_and_comes_back(archive):
    client = archive.visit()
    answer = client.get(f"/companies/{USCC}/dossier", status=303)
    assert answer.headers["Location"].startswith("/signin")
    assert archive.app.cookie("back") in client.cookies


@pytest.mark.parametrize("person", ["head", "company"])
def test_the_company_and_its_head_see_their_papers_newest_filing_first(archive, person):
    answer = dossier(archive, person)
    assert f"/companies/{USCC}/documents/articles-010y/pages/1" in answer.text
    words = answer.words
    assert words.index("名称变更登记") < words.index("设立登记")
    assert "3 页" in words


def test_each_paper_says_whether_it_is_open_shut_or_not_scanned(archive):
    words = dossier(archive, "head").words
    assert "尚未扫描" in words
    assert "登记机关内部材料" in words
    assert "内部审批表" not in words
    assert "这份材料含有个人敏感信息" in words


def test_a_sensitive_paper_is_open_to_the_person_it_names_only(archive):
    answer = dossier(archive, "head")
    assert "/documents/idhead-010y/pages/1" in answer.text
    assert "/documents/idother-010y/pages/1" not in answer.text
    assert "/documents/idhead-010y/pages/1" not in dossier(archive, "company").text


def test_open_papers_can_be_chosen_and_taken_to_the_order_form(archive):
    answer = dossier(archive, "head")
    assert f'method="get" action="/companies/{USCC}/order"' in answer.text
    assert 'name="document" value="articles-010y"' in answer.text
    assert 'name="document" value="inner-010y"' not in answer.text
    assert 'name="document" value="lease-010y"' not in answer.text


def test_a_filing_is_offered_whole_and_says_how_many_of_its_papers_that_gives(archive):
    answer = dossier(archive, "head")
    assert 'name="filing" value="f2-010y"' in answer.text
    assert "整件选择 3 份：设立登记" in answer.words  # of six: one internal, one of another person, one not scanned


def test_a_shareholder_chooses_papers_for_review_and_opens_none(archive):
    answer = dossier(archive, "shareholder")
    assert "审核后提供" in answer.text
    assert 'name="document" value="articles-010y"' in answer.text
    assert "/pages/1" not in answer.text


def test_a_stranger_is_told_why_and_what_is_open_to_them_and_sees_no_paper(archive):
    answer = dossier(archive, "stranger")
    words = answer.words
    assert "您的身份与登记信息不一致" in words
    assert f"/companies/{USCC}/extract" in answer.text
    assert "章程" not in words
    assert 'name="document"' not in answer.text


def test_a_low_level_is_offered_to_be_raised_and_comes_back(archive):
    client = archive.visit("low head")
    answer = client.get(f"/companies/{USCC}/dossier")
    assert "提升实名等级到 L2" in answer.words
    assert "章程" not in answer.words
    onward = client.get(f"/companies/{USCC}/dossier?raise=1", status=303)
    assert onward.headers["Location"] == "/signin?level=2"


def test_of_a_company_moved_out_the_receiving_registry_is_named(archive):
    words = dossier(archive, "head", MOVED).words
    assert "番禺区市场监督管理局" in words
    assert "公司章程" not in words


def test_a_locked_dossier_goes_through_review_even_for_its_head(archive):
    answer = dossier(archive, "head", LOCKED)
    assert "锁定状态" in answer.words
    assert "审核后提供" in answer.text
    assert "/pages/1" not in answer.text


def test_another_company_is_a_stranger_here(archive):
    assert "您的身份与登记信息不一致" in dossier(archive, "head", OTHER).words


def test_a_dossier_nothing_of_which_is_scanned_says_so_and_what_to_do(archive):
    company = archive.run(archive.store.companies.by_uscc(USCC))
    bare = replace(company, uscc="91440101633203772F", name="广州样例未扫描有限公司")
    archive.run(archive.store.companies.put(bare))
    page = dossier(archive, "head", bare.uscc)
    assert "还没有扫描材料" in page.words
    assert "档案窗口" in page.words


def test_an_unknown_code_is_absent(archive):
    dossier(archive, "head", "9144030071526726XG", status=404)


def choose(client, purpose, status=303):
    return client.post(f"/companies/{USCC}/purpose", {"purpose": purpose}, status=status)


def test_a_purpose_is_chosen_once_per_company_and_visit(archive):
    client = archive.visit("head")
    answer = choose(client, PurposeCode.BIDDING)
    assert answer.headers["Location"] == f"/companies/{USCC}/dossier"
    page = client.get(f"/companies/{USCC}/dossier").text
    assert re.search(r'value="bidding" selected', page)
    elsewhere = client.get(f"/companies/{LOCKED}/dossier").text
    assert re.search(r'value="own_affairs" selected', elsewhere)


def test_a_purpose_that_is_none_is_refused_and_without_the_form_token_nothing_happens(archive):
    client = archive.visit("head")
    choose(client, "curiosity", status=422)
    bare = client.raw.post(f"/companies/{USCC}/purpose", data={"purpose": "bidding"})
    assert bare.status_code == 403


def test_a_lawyer_chooses_by_kind_of_paper_and_reads_no_title(archive):
    client = archive.visit("stranger")
    choose(client, PurposeCode.LEGAL_SERVICE)
    answer = client.get(f"/companies/{USCC}/dossier")
    words = answer.words
    assert 'name="document" value="resolution-010y"' in answer.text
    assert "股东会决议" in words
    assert "变更名称" not in words
    assert "样例甲" not in words
    assert "内部" not in words
    assert "17 位执业证号" in words


def test_a_grant_opens_the_papers_it_names_until_it_ends(archive):
    archive.permit("stranger", "resolution-010y", days=30)
    client = archive.visit("stranger")
    answer = client.get(f"/companies/{USCC}/dossier")
    assert "/documents/resolution-010y/pages/1" in answer.text
    assert "公司章程" not in answer.words


def test_the_page_costs_four_reads_and_one_line_of_evidence(archive):
    client = archive.visit("head")
    client.get(f"/companies/{USCC}/dossier")
    archive.commands.sent.clear()
    client.get(f"/companies/{USCC}/dossier")
    asked = [command for command in archive.commands.sent if command[1] not in ("sessions", "accounts")]
    reads = [command for command in asked if command[0] in ("find", "aggregate", "getMore")]
    assert len(reads) <= 4, asked
    written = [command for command in asked if command not in reads and command[0] != "commitTransaction"]
    assert written == [("insert", "audit_events"), ("insert", "tallies")]


@pytest.mark.parametrize(
    ("person", "outcome", "rule"),
    [("head", "permit", "dossier.own.head"), ("other company", "refuse", "dossier.other")],
)
def test_looking_at_the_catalogue_leaves_evidence_with_its_rule(archive, person, outcome, rule):
    before = len(archive.events("dossier:listing:viewed"))
    dossier(archive, person)
    (event,) = archive.events("dossier:listing:viewed")[before:]
    inquirer = "head" if outcome == "permit" else "other"
    fields = {"rule": rule, "inquirer": inquirer, "purpose": "own_affairs"}
    assert (event["subject"], event["outcome"], event["fields"]) == (USCC, outcome, fields)


def test_no_identity_number_and_no_full_name_of_the_visitor_is_on_the_page(archive):
    answer = dossier(archive, "shareholder")
    assert "440106198502280025" not in answer.text
    assert "样例乙" not in answer.text
