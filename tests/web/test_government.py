"""The government network over HTTP: who finds it, sign-in, cases with letters, looks inside and outside the scope."""

import io
from datetime import timedelta

import pyotp
import pytest
from PIL import Image
from pymongo import MongoClient

from adapters.imaging.watermark import watermark
from conf.clock import beijing
from conf.terms import OrganKind
from handlers import doors
from handlers.flows.staffing import hash_of
from tests.government import (
    ID,
    PERSON,
    SECOND_UNIT,
    a_case,
    a_letter,
    a_scope,
    a_unit,
    a_user,
    at_work,
    keep,
    send_file,
)
from tests.web.archive import OTHER, USCC, open_archive

PASSWORD, NEXT = "Zhi-Shi-Yang-Li-2026", "Huan-Yi-Ge-2027"
CASE = f"/gov/cases/{ID}"
PAPER, PAGE = f"{CASE}/companies/{USCC}/documents/articles-010y/pages/1", f"{CASE}/pages/articles-010y-p1/view.jpg"
WRITTEN = ("units", "unit_users", "organ_cases", "organ_views", "batch_lookups", "audit_events", "limits", "sessions")
FORM = {"purpose": "审理样例纠纷", "no": "（2026）样0106民初2号", "letter_no": "样法函2号", "letter_on": "2026-11-20"}


@pytest.fixture(scope="module")
def archive(mongo_url, var_dir):
    with open_archive(mongo_url, var_dir, "eqicha_government_test", image_per_minute=60) as opened:
        yield opened


@pytest.fixture
def office(archive):
    """A court with a user and an open case; gone after the test."""
    now, store = archive.clock(), archive.store

    def made(**changes):
        user = a_user(store, now)
        archive.run(keep(store, a_unit(store, now, **changes), user, a_case(now)))
        return at_work(archive, user)

    yield made
    with MongoClient(archive.settings.mongo_url) as mongo:
        database = mongo[archive.settings.mongo_database]
        for name in (
            "units",
            "unit_users",
            "organ_cases",
            "organ_views",
            "batch_lookups",
            "audit_events",
            "limits",
            "sessions",
        ):
            database[name].delete_many({})


def elsewhere(archive, monkeypatch):
    conf = archive.settings.model_copy(update={"government_networks": "10.9.8.0/24"})
    monkeypatch.setattr(archive.app, "conf", conf)


# -- who finds it


@pytest.mark.parametrize("path", ["/gov", "/gov/signin", "/gov/cases", "/gov/cases/new", CASE, PAGE])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "HEAD"])
def test_off_the_network_the_area_is_an_address_that_is_not_ours(archive, office, monkeypatch, path, method):
    client = office()
    elsewhere(archive, monkeypatch)
    answer, absent = (client.raw.request(method, each) for each in (path, "/no-such-address"))
    assert (answer.status_code, absent.status_code) == (404, 404)
    own = {"x-request-id", "date", "content-length", "set-cookie"}
    assert {k: v for k, v in answer.headers.items() if k not in own} == {
        k: v for k, v in absent.headers.items() if k not in own
    }
    assert "政务网" not in answer.text


def test_a_units_own_networks_bind_its_users(archive, office):
    assert office(networks="10.1.0.0/16").get("/gov/cases", status=303).headers["location"] == "/gov/signin"


def test_a_units_session_opens_nothing_of_ours_and_no_other_session_opens_the_area(archive, office):
    client = office()
    token = client.cookies["eqicha-government"]
    assert client.get("/gov/cases").h1 == "案件"
    for purpose, path in (("staff", "/staff/orders"), ("session", "/orders")):
        thief = archive.visitor()
        thief.set_cookie(archive.app.cookie(purpose), token)
        assert thief.get(path, status=303).headers["location"].startswith(("/staff/signin", "/signin"))
    visitor = archive.visit("head")
    visitor.set_cookie("eqicha-government", visitor.cookies["eqicha-session"])
    assert visitor.get("/gov/cases", status=303).headers["location"] == "/gov/signin"


def test_a_shut_unit_and_a_shut_user_are_out_at_once(archive, office):
    client = office()
    archive.run(archive.store.atomically(lambda tx: archive.store.units.shut(ID, tx)))
    assert client.get("/gov/cases", status=303).headers["location"] == "/gov/signin"


def test_off_the_network_a_form_with_a_file_meets_the_same_404(archive, office, monkeypatch):
    client = office()
    elsewhere(archive, monkeypatch)
    for path in ("/gov/cases/new/file", f"{CASE}/batches/file"):
        assert send_file(client, path, "letter", a_letter(), FORM).status_code == 404
        # answered before the body is read, so the service hangs up: the next call must not come by this connection
        assert client.raw.put(path, headers={"Connection": "close"}).status_code == 404
    assert archive.events("government:case:opened") == []


# -- sign-in


def test_password_then_code_then_a_password_of_ones_own(archive, office):
    office()
    secret = pyotp.random_base32()
    vault = archive.store.vault
    user = a_user(
        archive.store, archive.clock(), id="0d" * 15, login="chen.shuji", must_change=True,
        password_hash=archive.run(hash_of(PASSWORD)), totp=vault.conceal(secret, "*"),
    )  # fmt: skip
    archive.run(keep(archive.store, user))
    client = archive.visitor()
    client.submit(client.get("/gov/signin"), "main form", {"login": user.login, "password": PASSWORD})
    before = client.cookies["eqicha-government"]
    assert client.get("/gov/cases", status=303).headers["location"] == "/gov/signin", "half signed in is not in"
    code = pyotp.TOTP(secret).at(archive.clock())
    client.submit(client.get("/gov/signin/code"), "main form", {"code": code})
    assert client.cookies["eqicha-government"] != before
    assert client.get("/gov/cases", status=303).headers["location"] == "/gov/password"
    changed = {"old": PASSWORD, "new": NEXT, "again": NEXT}
    client.submit(client.get("/gov/password"), "main form", changed)
    page = client.get("/gov/cases")
    assert "样例区人民法院" in page.one(".eq-nav__who").get_text()
    client.submit(page, ".eq-nav__form")
    assert client.get("/gov/cases", status=303).headers["location"] == "/gov/signin"
    again = archive.visitor()
    again.submit(again.get("/gov/signin"), "main form", {"login": user.login, "password": NEXT})
    again.submit(again.get("/gov/signin/code"), "main form", {"code": code}, status=422)  # a code is good once


def test_five_wrong_words_lock_and_one_address_may_not_try_for_ever(archive, office, monkeypatch):
    office()
    user = a_user(
        archive.store, archive.clock(), id="0d" * 15, login="chen.shuji", password_hash=archive.run(hash_of(PASSWORD))
    )
    archive.run(keep(archive.store, user))
    client = archive.visitor()
    page = client.get("/gov/signin")
    for _ in range(5):
        client.submit(page, "main form", {"login": user.login, "password": "x"}, status=422)
    kept = archive.run(archive.store.unit_users.by_login(user.login))
    assert kept.locked_until == archive.clock() + timedelta(minutes=15)
    client.submit(page, "main form", {"login": user.login, "password": PASSWORD}, status=422)
    monkeypatch.setattr(doors, "TRIES_OF_ADDRESS", 3)
    late = client.submit(page, "main form", {"login": "someone", "password": "x"}, status=429)
    assert int(late.headers["retry-after"]) > 0


# -- cases


def test_a_case_is_opened_once_with_its_letter_and_closed(archive, office):
    client = office()
    answer = send_file(client, "/gov/cases/new/file", "letter", a_letter(), FORM)
    assert answer.status_code == 303
    path = answer.headers["location"]
    assert client.get(path).h1 == f"案件 {FORM['no']}"
    for no in (FORM["no"], "(2026)样0106民初2号", "（2026） 样0106民初 2号", "（２０２６）样0106民初2号"):
        again = send_file(client, "/gov/cases/new/file", "letter", a_letter(), FORM | {"no": no})
        assert again.status_code == 422
        assert "已经登记过这个案号" in again.text
    kept = archive.run(archive.store.organ_cases.by_id(path.rsplit("/", 1)[1]))
    assert archive.run(archive.store.organ_cases.letter(kept.letter.sha256)) == a_letter()
    [event] = archive.events("government:case:opened")
    assert event["fields"] == {"unit": ID, "case": FORM["no"], "letter": kept.letter.sha256}
    client.submit(client.get(path), f"form[action='{path}/close']")
    assert "已经办结" in client.get(path).words
    assert "government:case:closed" in {event["tag"] for event in archive.events("government:case:closed")}


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("purpose", "查", "查询目的"),
        ("no", "<script>alert(1)</script>", "案号"),
        ("letter_no", "", "公函文号"),
        ("letter_on", "2026-11-22", "不能晚于今天"),
        ("letter_on", "2026-01-01", "超过 180 天"),
        ("letter_on", "soon", "公函日期"),
    ],
)
def test_what_is_missing_or_cannot_be_is_said_by_field(office, field, value, said):
    answer = send_file(office(), "/gov/cases/new/file", "letter", a_letter(), FORM | {field: value})
    assert answer.status_code == 422
    assert said in answer.text
    assert "<script>alert" not in answer.text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"MZ\x90\x00 not a letter",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 200,
        b"\xff\xd8\xff" + b"\0" * 200,
        b"%PDF-1.7\n1 0 obj\n<</Type/Catalog>>",
        b"PK\x03\x04" + b"\0" * 200,
        a_letter()[:2000],
    ],
    ids=["empty", "program", "svg", "png", "broken jpeg", "broken pdf", "zip", "cut off"],
)
def test_a_file_that_is_no_letter_is_refused_and_nothing_is_kept(archive, office, content):
    answer = send_file(office(), "/gov/cases/new/file", "letter", content, FORM)
    assert answer.status_code == 422
    assert "公函" in answer.text
    assert archive.events("government:case:opened") == []


def test_a_letter_too_large_a_body_without_token_and_a_stranger_get_nothing_in(archive, office):
    client = office()
    large = send_file(client, "/gov/cases/new/file", "letter", b"\xff\xd8\xff" + b"\0" * (11 << 20), FORM)
    assert large.status_code == 422
    assert "10 MB" in large.text
    assert send_file(client, "/gov/cases/new/file", "letter", a_letter(), FORM | {"_xsrf": "x"}).status_code == 403
    assert send_file(archive.visitor(), "/gov/cases/new/file", "letter", a_letter(), FORM).status_code == 303
    assert archive.events("government:case:opened") == []


def test_another_units_case_is_absent(archive, office):
    client, now = office(), archive.clock()
    archive.run(keep(archive.store, a_case(now, id="0e" * 15, unit_id=SECOND_UNIT)))
    for path in ("", "/companies?q=样例科技", f"/companies/{USCC}", f"/companies/{USCC}/extract", "/batches"):
        assert client.raw.get(f"/gov/cases/{'0e' * 15}{path}").status_code == 404, path
    assert archive.events("government:record:viewed") == []


# -- looking things up


def test_a_named_organ_finds_a_company_and_sees_its_papers_with_unit_person_and_case_on_record(archive, office):
    client = office()
    hits = client.get(f"{CASE}/companies?q=样例科技")
    assert f"{CASE}/companies/{USCC}" in [a["href"] for a in hits.all("ol a")]
    [asked] = archive.events("government:search:asked")
    assert "样例科技" not in str(asked)
    dossier = client.get(f"{CASE}/companies/{USCC}")
    assert "规则 dossier.organ.named" in dossier.words
    assert f"{CASE}/companies/{USCC}/documents/articles-010y/pages/1" in {a["href"] for a in dossier.all("a[href]")}
    assert "样例不外传" not in dossier.text
    viewer = client.get(PAPER)
    assert viewer.one(".eq-viewer__image")["src"] == PAGE
    assert f"样例区人民法院 {PERSON} · 案号 （2026）样0106民初1号" in viewer.words
    assert client.raw.get(PAGE).status_code == 200
    extract = client.get(f"{CASE}/companies/{USCC}/extract")
    assert "440106199001010013" not in extract.text
    looks = archive.events("government:record:viewed")
    assert [look["fields"]["what"] for look in looks] == ["dossier", "document", "page", "extract"]
    who = archive.store.vault.person_key("0c" * 15)
    for look in looks:
        assert (look["who"], look["role"], look["channel"]) == (who, "unit", "government")
        assert (look["fields"]["unit"], look["fields"]["case"]) == (ID, "（2026）样0106民初1号")
        assert look["fields"]["rule"]
        assert look["fields"]["rule_version"]
        assert PERSON not in str(look)
    kept = archive.run(archive.store.organ_cases.views(ID))
    assert {view.ground for view in kept} == {
        "《市场主体登记管理条例实施细则》第六十条第（一）项：国家机关查询须出具本部门公函并核明查询人员身份"
    }
    assert archive.run(archive.store.organ_cases.by_id(ID)).due_at is not None


def test_unit_person_and_case_are_burned_into_every_page(archive, office):
    client = office()
    sent = client.raw.get(PAGE)
    assert sent.headers["cache-control"] == "private, no-store"
    plain = archive.run(archive.store.dossiers.page("articles-010y-p1"))
    scan = archive.run(archive.store.scans.get_size(plain.sha256, "view"))
    lines = (
        f"样例区人民法院 {PERSON}",
        "案号 （2026）样0106民初1号",
        f"{beijing(archive.clock()):%Y-%m-%d %H:%M} 天河e企查 仅供本案查阅",
    )
    assert sent.content == watermark(scan, lines)
    assert sent.content != watermark(scan, (lines[0], "案号 另案", lines[2]))
    assert Image.open(io.BytesIO(sent.content)).format == "JPEG"


def test_outside_the_scope_every_way_is_refused_with_rule_and_remedy_and_kept(archive, office):
    client = office(kind=OrganKind.OTHER, scope=a_scope(OTHER))
    assert "不在您单位的查档范围内" in client.get(f"{CASE}/companies/{USCC}").words
    extract = client.get(f"{CASE}/companies/{USCC}/extract")
    assert "规则 extract.organ.outside" in extract.words
    assert "软件开发" not in extract.text
    shut = client.get(PAPER, status=403)
    assert "规则 dossier.organ.outside" in shut.words
    assert "请联系登记机关" in shut.words
    image = client.raw.get(PAGE)
    assert (image.status_code, image.headers["content-type"]) == (403, "text/html; charset=UTF-8")
    kept = archive.run(archive.store.organ_cases.views(ID))
    assert [(view.what, view.outcome.value) for view in reversed(kept)] == [
        ("dossier", "refuse"), ("extract", "refuse"), ("document", "refuse"), ("page", "refuse"),
    ]  # fmt: skip
    inside = client.get(f"{CASE}/companies/{OTHER}/documents/articles-029q/pages/1")
    assert inside.one(".eq-viewer__image")


def test_a_closed_case_opens_nothing_more(archive, office):
    client = office()
    assert client.raw.get(PAGE).status_code == 200
    client.post(f"{CASE}/close")
    assert client.raw.get(PAGE).status_code == 403
    assert "已经办结" in client.get(f"{CASE}/companies/{USCC}").words


def test_no_page_of_a_case_makes_more_than_a_dozen_database_calls(archive, office):
    client = office()
    for path in (CASE, f"{CASE}/companies/{USCC}", PAPER, f"{CASE}/companies/{USCC}/extract"):
        archive.commands.sent.clear()
        client.get(path)
        asked = [name for name, _ in archive.commands.sent if name in ("find", "insert", "update", "aggregate")]
        assert len(asked) <= 12, (path, asked)


# -- batch look-ups


def send_list(client, content):
    return send_file(client, f"{CASE}/batches/file", "list", content)


def listed(archive):
    return archive.run(archive.store.batches.of_case(ID))


def test_a_list_of_codes_and_whole_names_waits_for_a_second_person(archive, office):
    client = office()
    content = f"企业名称\n{USCC}\r\n\n广州市天河区样例餐饮店,备注\n".encode("gb18030")
    assert send_list(client, content).status_code == 303
    assert send_list(client, content).status_code == 303, "sent twice, kept once"
    [batch] = listed(archive)
    assert (batch.usccs, batch.status.value) == ((USCC, OTHER), "waiting")
    assert "等待审批" in client.get(CASE).words
    assert client.raw.get(f"{CASE}/batches/{batch.id}/file").status_code == 404
    [event] = archive.events("government:batch:asked")
    assert event["fields"] == {"unit": ID, "case": "（2026）样0106民初1号", "companies": 2}


def test_every_bad_line_is_named_and_nothing_is_kept(archive, office):
    client = office(kind=OrganKind.OTHER, scope=a_scope(OTHER))
    lines = [OTHER, OTHER, USCC, "91440106MA9W00011Y", "不存在的样例公司", "<b>样例</b>", "长" * 101]
    answer = send_list(client, "\n".join(lines).encode())
    assert answer.status_code == 422
    for said in (
        "与第 1 行是同一家企业",
        "不在您单位的查档范围内",
        "统一社会信用代码不正确",
        "没有找到名称完全一致",
        "最多 100 字",
    ):
        assert said in answer.text, said
    assert "有 6 行不能查询" in answer.text
    assert "<b>" not in answer.text
    assert listed(archive) == ()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "文件里没有企业"),
        (b"\xff\xfe\x00\x01\x80", "编码无法识别"),
        (b"\0" * 100, "不是文本文件"),
        (b"PK\x03\x04xlsx", "不是文本文件"),
        (b"x" * (65 << 10), "文件太大，最多 64 KB。"),
        (b"x" * (200 << 10), "文件太大，最多 64 KB。"),
        ("\n".join(f"样例{n}" for n in range(201)).encode(), "一次最多 200 家"),
    ],
    ids=["empty", "encoding", "zeros", "zip", "large", "larger", "201 lines"],
)
def test_a_file_that_is_no_list_is_refused_in_a_sentence(archive, office, content, said):
    answer = send_list(office(), content)
    assert answer.status_code == 422
    assert said in answer.text
    assert listed(archive) == ()
