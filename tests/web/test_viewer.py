"""The viewer and the route to page images: open pages look right, shut ones do not exist, each view is recorded."""

import io
import re
from dataclasses import replace

import pytest
from PIL import Image, ImageChops

from conf.clock import beijing
from conf.terms import PageSize, PurposeCode
from handlers.flows import viewing
from tests.web.archive import LOCKED, MOVED, OTHER, USCC, open_archive, scan_of

ARTICLES = f"/companies/{USCC}/documents/articles-010y/pages"
OPEN, ELSEWHERE, ABSENT = "articles-010y-p1", "articles-029q-p1", "articles-none-p1"


@pytest.fixture(scope="module")
def archive(mongo_url, var_dir):
    with open_archive(mongo_url, var_dir, "eqicha_viewer_test", image_per_minute=60) as opened:
        yield opened


@pytest.fixture
def head(archive):
    return archive.visit("head")


def image(client, page_id=OPEN, size="view"):
    return client.raw.get(f"/pages/{page_id}/{size}.jpg")


def opened(response):
    return Image.open(io.BytesIO(response.content), formats=("JPEG",)).convert("RGB")


def same(response):
    """What of an answer a visitor can compare: all but the request's own number, the form token's mask, the moment."""
    number = response.headers["X-Request-ID"]
    headers = {k: v for k, v in response.headers.items() if k not in ("x-request-id", "date")}
    text = re.sub(r'name="_xsrf" value="[^"]+"', "", response.text.replace(number, ""))
    return response.status_code, headers, text


# -- pages as HTML


def test_a_page_stands_between_its_neighbours_with_all_pages_in_sight(head):
    page = head.get(f"{ARTICLES}/2")
    assert page.h1 == "公司章程，第 2 页，共 3 页"
    assert page.one("a[rel=prev]")["href"] == f"{ARTICLES}/1"
    assert page.one("a[rel=next]")["href"] == f"{ARTICLES}/3"
    assert [t["href"] for t in page.all(".eq-viewer__thumb")] == [f"{ARTICLES}/{n}" for n in (1, 2, 3)]
    assert page.one(".eq-viewer__image")["src"] == "/pages/articles-010y-p2/view.jpg"


def test_the_picture_has_words_for_those_who_do_not_see_it(head):
    assert (
        head.get(f"{ARTICLES}/2").one(".eq-viewer__image")["alt"]
        == "《公司章程》第 2 页，共 3 页（扫描影像，带查阅水印）"
    )


def test_the_first_and_the_last_page_lead_nowhere_further(head):
    assert not head.get(f"{ARTICLES}/1").all("a[rel=prev]")
    assert not head.get(f"{ARTICLES}/3").all("a[rel=next]")


def test_zoom_works_by_links_and_stays_while_turning_pages(head):
    page = head.get(f"{ARTICLES}/1?zoom=200")
    assert "eq-viewer__image--200" in page.one(".eq-viewer__image")["class"]
    assert page.one(".eq-viewer__image")["src"].endswith("/full.jpg")
    assert page.one("a[rel=next]")["href"] == f"{ARTICLES}/2?zoom=200"
    assert page.one("[data-eq-key='+']")["href"] == f"{ARTICLES}/1?zoom=300"
    assert page.one("[data-eq-key='-']")["href"] == f"{ARTICLES}/1?zoom=150"


@pytest.mark.parametrize("zoom", ["0", "999", "-1", "x", "1e9"])
def test_a_zoom_that_is_none_shows_the_page_as_it_fits(head, zoom):
    assert "eq-viewer__image--100" in head.get(f"{ARTICLES}/1?zoom={zoom}").one(".eq-viewer__image")["class"]


@pytest.mark.parametrize("number", ["0", "4", "99999"])
def test_a_page_that_is_not_there_is_absent(head, number):
    head.get(f"{ARTICLES}/{number}", status=404)


@pytest.mark.parametrize(
    ("person", "path"),
    [
        ("stranger", f"{ARTICLES}/1"),
        ("low head", f"{ARTICLES}/1"),
        ("nobody", f"{ARTICLES}/1"),
        ("shareholder", f"{ARTICLES}/1"),
        ("other company", f"{ARTICLES}/1"),
        ("head", f"/companies/{OTHER}/documents/articles-029q/pages/1"),
        ("head", f"/companies/{OTHER}/documents/articles-010y/pages/1"),
        ("head", f"/companies/{MOVED}/documents/articles-t11m/pages/1"),
        ("head", f"/companies/{LOCKED}/documents/articles-4088/pages/1"),
        ("head", f"/companies/{USCC}/documents/inner-010y/pages/1"),
        ("head", f"/companies/{USCC}/documents/idother-010y/pages/1"),
        ("head", f"/companies/{USCC}/documents/lease-010y/pages/1"),
    ],
)
def test_a_shut_page_answers_as_one_that_does_not_exist(archive, person, path):
    client = archive.visit(person)
    client.get("/")  # the form token's cookie is set once
    shut = client.raw.get(path)
    absent = client.raw.get(f"/companies/{USCC}/documents/none/pages/1")
    assert shut.status_code == 404
    assert same(shut) == same(absent)


def test_nobody_is_sent_to_sign_in_whether_the_page_exists_or_not(archive):
    visitor = archive.visit()
    answers = [visitor.raw.get(f"/companies/{USCC}/documents/{name}/pages/1") for name in ("articles-010y", "none")]
    assert [(a.status_code, a.headers["Location"]) for a in answers] == [(303, "/signin?level=0")] * 2


# -- images


@pytest.mark.parametrize("size", list(PageSize))
def test_every_size_is_a_picture_with_the_visitors_watermark_burned_in(archive, head, size):
    answer = image(head, size=size)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Cache-Control"] == "private, no-store"
    sent = opened(answer)
    scan = archive.run(archive.store.dossiers.page(OPEN)).sha256
    kept = Image.open(io.BytesIO(archive.run(archive.store.scans.get_size(scan, size)))).convert("RGB")
    assert sent.size == kept.size
    marked = ImageChops.difference(sent, kept).convert("L").point(lambda value: 255 if value > 20 else 0)
    covered = sum(1 for value in marked.tobytes() if value) / (sent.width * sent.height)
    assert 0.01 < covered < 0.4
    quarters = [(x * sent.width // 2, y * sent.height // 2) for x in (0, 1) for y in (0, 1)]
    for left, top in quarters:
        assert marked.crop((left, top, left + sent.width // 2, top + sent.height // 2)).getbbox()


def test_the_watermark_names_the_visitor_masked_the_purpose_and_beijing_time(archive):
    visitor = viewing.Visitor(account=archive.run(archive.account("head")), purposes={}, now=archive.clock(), trace={})
    first, second = viewing.watermark_lines(visitor, PurposeCode.BIDDING)
    assert "**甲" in first
    assert "样例甲" not in first
    assert "招标投标" in first
    assert f"{beijing(archive.clock()):%Y-%m-%d %H:%M}" == second[:16] == "2026-11-21 10:00"


def test_two_visitors_get_two_pictures(archive, head):
    assert image(head).content != image(archive.visit("company")).content


def test_the_chosen_purpose_is_in_the_picture(archive, head):
    before = image(head).content
    head.post(f"/companies/{USCC}/purpose", {"purpose": "litigation"})
    assert image(head).content != before


@pytest.mark.parametrize("size", list(PageSize))
@pytest.mark.parametrize(
    ("person", "page_id"),
    [
        ("stranger", OPEN),
        ("low head", OPEN),
        ("nobody", OPEN),
        ("shareholder", OPEN),
        ("head", ELSEWHERE),
        ("head", "articles-t11m-p1"),
        ("head", "articles-4088-p1"),
        ("head", "inner-010y-p1"),
        ("head", "idother-010y-p1"),
        ("company", "idhead-010y-p1"),
    ],
)
def test_another_visitors_link_is_the_same_404_as_an_absent_one(archive, person, page_id, size):
    client = archive.visit(person)
    client.get("/")  # the form token's cookie is set once
    shut, absent = image(client, page_id, size), image(client, ABSENT, size)
    assert shut.status_code == 404
    assert same(shut) == same(absent)


def test_a_size_that_is_none_is_absent(head):
    assert image(head, size="huge").status_code == 404


def test_a_picture_is_decided_anew_each_time(archive):
    client = archive.visit("stranger")
    assert image(client, "form-010y-p1").status_code == 404
    archive.permit("stranger", "form-010y", days=2)
    assert image(client, "form-010y-p1").status_code == 200
    archive.clock.forward(minutes=20)  # each visit keeps the session alive
    assert image(client, "form-010y-p1").status_code == 200
    archive.run(archive.store.companies.lock(USCC, "样例锁定", None))
    try:
        assert image(client, "form-010y-p1").status_code == 404
    finally:
        archive.unlock(USCC)
    archive.clock.forward(days=3)
    assert image(archive.visit("stranger"), "form-010y-p1").status_code == 404


def test_a_view_is_recorded_before_any_byte_and_with_its_rule(archive, head, monkeypatch):
    before = len(archive.events("page:image:viewed"))

    async def away(*_: object) -> bytes:
        raise RuntimeError("the store went away between record and bytes")

    with monkeypatch.context() as patch:
        patch.setattr(archive.store.scans, "get_size", away)
        assert image(head).status_code == 500
    (event,) = archive.events("page:image:viewed")[before:]
    assert (event["subject"], event["outcome"]) == (OPEN, "permit")
    told = {"uscc": USCC, "inquirer": "head", "purpose": "own_affairs"}  # what the company itself may learn
    assert event["fields"] == {"size": "view", "rule": "dossier.own.head", **told}


def test_without_the_record_no_byte_goes_out(archive, head, monkeypatch):
    async def full(**_: object) -> None:
        raise RuntimeError("evidence cannot be written")

    monkeypatch.setattr(archive.store.audit, "append", full)
    answer = image(head)
    assert answer.status_code == 500
    assert not answer.headers["Content-Type"].startswith("image/")


def test_a_refused_view_is_recorded_too(archive):
    before = len(archive.events("page:image:viewed"))
    image(archive.visit("stranger"))
    (event,) = archive.events("page:image:viewed")[before:]
    assert event["outcome"] == "refuse"


def test_a_damaged_scan_is_said_plainly_and_logged(archive, head, capsys):
    scan = archive.run(archive.store.dossiers.page("resolution-010y-p1")).sha256
    archive.damage(scan, PageSize.VIEW)
    answer = image(head, "resolution-010y-p1")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("image/svg+xml")
    assert "此页影像损坏" in answer.text
    assert "scan_damaged" in capsys.readouterr().out


def test_a_size_that_was_never_made_is_made_from_the_scan(archive, head):
    page = archive.run(archive.store.dossiers.page(OPEN))
    scan = scan_of("never rendered 样例")
    sha256 = archive.run(archive.store.scans.put(scan, "image/jpeg"))
    archive.run(archive.store.dossiers.put_pages((replace(page, id="late-p9", number=9, sha256=sha256),)))
    assert opened(image(head, "late-p9", "thumb")).width == 200
    assert archive.run(archive.store.scans.get_size(sha256, PageSize.THUMB))


def test_more_pictures_than_a_reader_needs_are_held_back(archive):
    client = archive.visit("head")
    statuses = [image(client, ABSENT).status_code for _ in range(60)]
    held = image(client)
    assert set(statuses) == {404}
    assert held.status_code == 429
    assert 1 <= int(held.headers["Retry-After"]) <= 60
    assert image(archive.visit("head")).status_code == 200
