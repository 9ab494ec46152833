"""The machine-readable extract over HTTP: for whom, what it holds, what it hides, what it leaves behind."""

import pytest

from tests.web.archive import ADDRESS, LOCKED, MOVED, OTHER, PEOPLE, USCC, open_archive


@pytest.fixture(scope="module")
def archive(mongo_url, var_dir):
    with open_archive(mongo_url, var_dir, "eqicha_extract_test") as opened:
        yield opened


def extract(archive, person, uscc=USCC, status=200):
    return archive.visit(person).get(f"/companies/{uscc}/extract", status=status)


def test_who_is_not_signed_in_signs_in_first_and_comes_back(archive):
    client = archive.visit()
    answer = client.get(f"/companies/{USCC}/extract", status=303)
    assert answer.headers["Location"].startswith("/signin")
    assert archive.app.cookie("back") in client.cookies


@pytest.mark.parametrize("person", ["stranger", "shareholder", "low head", "other company", "company"])
@pytest.mark.parametrize("uscc", [USCC, OTHER, MOVED, LOCKED])
def test_everyone_with_a_real_name_reads_the_extract_of_any_company(archive, person, uscc):
    page = extract(archive, person, uscc)
    assert page.h1 == "机读档案"
    assert "注册资本（出资额）" in page.words


def test_without_a_real_name_it_says_why_not_and_leads_to_a_higher_level(archive):
    client = archive.visit("nobody")
    page = client.get(f"/companies/{USCC}/extract")
    assert "您的账号尚未实名" in page.words
    assert "注册资本" not in page.words
    onward = client.get(page.one(".eq-notice a.eq-button--primary")["href"], status=303)
    assert onward.headers["Location"] == "/signin?level=1"


def test_it_holds_the_registered_items_and_says_from_when(archive):
    words = extract(archive, "stranger").words
    for item in (
        "广州市天河区样例科技有限公司",
        "9144 0106 MA9W 0001 0Y",
        "440106000000010",
        "100万元人民币",
        "2015年3月2日 至 长期",
        "广州旧名样例有限公司",
        "软件开发；信息技术咨询服务（样例）。",
        "60万元",
        "60%",
        "执行董事",
        "名称变更",
    ):
        assert item in words, item
    assert "生成时间 2026年11月21日 10:00:00" in words
    assert "数据截至 2026年11月21日 07:00:00" in words


def test_of_a_company_moved_out_the_extract_names_the_receiving_registry(archive):
    assert "广州市番禺区市场监督管理局" in extract(archive, "stranger", MOVED).words


@pytest.mark.parametrize("person", ["stranger", "head", "company"])
def test_numbers_and_home_addresses_are_masked_for_everyone(archive, person):
    page = extract(archive, person)
    assert "440***********0013" in page.words
    assert ADDRESS not in page.text
    assert "301房" not in page.text
    assert not [number for _, number, _, kind in PEOPLE.values() if kind == "natural" and number in page.text]


def test_reading_and_being_refused_both_leave_evidence(archive):
    before = len(archive.events("extract:page:viewed"))
    extract(archive, "stranger")
    extract(archive, "nobody")
    events = archive.events("extract:page:viewed")[before:]
    assert [(e["subject"], e["outcome"], e["fields"]["rule"]) for e in events] == [
        (USCC, "permit", "extract.real_name"),
        (USCC, "refuse", "extract.level"),
    ]


def test_it_offers_a_sealed_one(archive):
    page = extract(archive, "stranger")
    assert page.all(f"a[href='/companies/{USCC}/order?extract=1']")


def test_an_unknown_code_is_absent(archive):
    extract(archive, "stranger", "91440101633203772F", status=404)
