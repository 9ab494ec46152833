"""Every route that shows something of a company × every kind of visitor × own, other, moved, locked and absent.

The table below is the whole of who sees what; a route that is not in ROUTES fails the last test.
"""

import re

import pytest

from handlers.routes import all_routes
from tests.web.archive import LOCKED, MOVED, OTHER, USCC, open_archive

ABSENT = "91440101633203772F"
COMPANIES = {"own": USCC, "other": OTHER, "moved": MOVED, "locked": LOCKED, "absent": ABSENT}
TAILS = {"own": "010y", "other": "029q", "moved": "t11m", "locked": "4088", "absent": "772f"}
#: person → what the dossier of (own, other, moved, locked) is to them. The head is head of all but "other".
MATRIX = {
    "head": ("open", "shut", "shut", "review"),
    "low head": ("shut", "shut", "shut", "shut"),
    "company": ("open", "shut", "shut", "shut"),
    "shareholder": ("review", "shut", "shut", "review"),
    "other company": ("shut", "open", "shut", "shut"),
    "stranger": ("shut", "shut", "shut", "shut"),
    "nobody": ("shut", "shut", "shut", "shut"),
}
CASES = [
    (person, where, state)
    for person, states in MATRIX.items()
    for where, state in zip(COMPANIES, (*states, "absent"), strict=True)
]
REAL_NAMES = frozenset(MATRIX) - {"nobody"}
#: Route patterns that show something of one company; `{u}` code, `{d}` a paper, `{p}` a page.
ROUTES = {
    "dossier": "/companies/{u}/dossier",
    "viewer": "/companies/{u}/documents/{d}/pages/1",
    "thumb": "/pages/{p}/thumb.jpg",
    "view": "/pages/{p}/view.jpg",
    "full": "/pages/{p}/full.jpg",
    "extract": "/companies/{u}/extract",
    "order": "/companies/{u}/order?document={d}",
}
#: The same for what is sent by a form: the address and what stands in the form.
POSTED = {
    "report": ("/companies/{u}/documents/{d}/pages/1/report", {"fault": "cut"}),
    "scans": ("/companies/{u}/scans", {"paper": "{d}"}),
}
#: The public record; choosing a purpose (tests/web/test_dossiers.py); who looked (tests/web/test_lookers.py).
PUBLIC_OR_TESTED_ELSEWHERE = {"/companies/{u}", "/companies/{u}/purpose", "/companies/{u}/lookers"}


@pytest.fixture(scope="module")
def archive(mongo_url, var_dir):
    with open_archive(mongo_url, var_dir, "eqicha_routes_test", task_per_day=200) as opened:
        yield opened


@pytest.fixture(scope="module")
def clients(archive):
    return {person: archive.visit(person) for person in ("", *MATRIX)}


def asked(clients, person, route, where, paper="articles"):
    name = f"{paper}-{TAILS[where]}"
    return clients[person].raw.get(ROUTES[route].format(u=COMPANIES[where], d=name, p=f"{name}-p1"))


@pytest.mark.parametrize(("person", "where", "state"), CASES)
def test_the_dossier_lists_papers_only_to_whom_they_are_open_or_may_be_reviewed(clients, person, where, state):
    answer = asked(clients, person, "dossier", where)
    assert answer.status_code == (404 if state == "absent" else 200)
    assert ("/pages/1" in answer.text) == (state == "open")
    assert ('name="document"' in answer.text) == (state in ("open", "review"))
    assert ("公司章程" in answer.text) == (state in ("open", "review"))


@pytest.mark.parametrize("route", ["viewer", "thumb", "view", "full"])
@pytest.mark.parametrize(("person", "where", "state"), CASES)
def test_a_page_opens_only_where_the_dossier_is_open(clients, person, where, state, route):
    assert asked(clients, person, route, where).status_code == (200 if state == "open" else 404)


def sent(clients, person, route, where, paper):
    path, form = POSTED[route]
    name = f"{paper}-{TAILS[where]}"
    fields = {"_xsrf": clients[person].token} | {field: value.format(d=name) for field, value in form.items()}
    return clients[person].raw.post(path.format(u=COMPANIES[where], d=name), data=fields)


@pytest.mark.parametrize(("person", "where", "state"), CASES)
def test_a_page_is_reported_only_where_it_opens(clients, person, where, state):
    answer = sent(clients, person, "report", where, "articles")
    assert answer.status_code == (303 if state == "open" else 404)


@pytest.mark.parametrize(("person", "where", "state"), CASES)
def test_a_scan_is_asked_for_only_where_the_paper_is_listed(clients, person, where, state):
    answer = sent(clients, person, "scans", where, "lease")
    if person == "nobody":
        assert answer.headers["location"] == "/signin?level=1"
        return
    assert answer.status_code == (303 if state in ("open", "review") else 404)


@pytest.mark.parametrize("route", ["viewer", "thumb", "view", "full"])
@pytest.mark.parametrize("where", COMPANIES)
@pytest.mark.parametrize("person", MATRIX)
def test_an_internal_paper_opens_to_nobody(clients, person, where, route):
    assert asked(clients, person, route, where, "inner").status_code == 404


@pytest.mark.parametrize(("person", "where", "state"), CASES)
def test_the_extract_opens_to_every_real_name(clients, person, where, state):
    answer = asked(clients, person, "extract", where)
    assert answer.status_code == (404 if state == "absent" else 200)
    assert ("100万元人民币" in answer.text) == (state != "absent" and person in REAL_NAMES)


@pytest.mark.parametrize(("person", "where", "state"), CASES)
def test_an_order_can_be_begun_only_for_what_is_open_or_may_be_reviewed(clients, person, where, state):
    answer = asked(clients, person, "order", where)
    as_lawyer = person in ("stranger", "low head", "head", "shareholder", "company") and state == "shut"
    if state in ("open", "review"):
        assert answer.status_code == 200
        return
    assert "公司章程" not in answer.text
    if as_lawyer and answer.status_code == 200:
        assert "律师" in answer.text
    else:
        assert answer.status_code in (303, 403, 404)


@pytest.mark.parametrize("where", COMPANIES)
@pytest.mark.parametrize("person", MATRIX)
@pytest.mark.parametrize("purpose", ["", "&purpose=legal_service"])
def test_a_paper_shut_to_all_is_ordered_like_one_that_is_absent(clients, person, where, purpose):
    def bare(answer):
        hidden = answer.text.replace(answer.headers["x-request-id"], "")
        return answer.status_code, re.sub(r'value="[A-Za-z0-9_|-]{16,}"|(inner|never)-\w+', "", hidden)

    path = ROUTES["order"] + purpose
    shut, absent = (
        clients[person].raw.get(path.format(u=COMPANIES[where], d=f"{name}-{TAILS[where]}"))
        for name in ("inner", "never")
    )
    assert bare(shut) == bare(absent)
    assert "样例不外传" not in shut.text


@pytest.mark.parametrize("where", COMPANIES)
@pytest.mark.parametrize("route", ROUTES)
def test_who_is_not_signed_in_is_sent_to_sign_in_alike_for_all_companies(clients, route, where):
    answer = asked(clients, "", route, where)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/signin?level=")
    assert answer.text == ""


def test_every_route_about_a_company_or_a_page_stands_in_this_test():
    known = {path.partition("?")[0] for path in ROUTES.values()} | {path for path, _ in POSTED.values()}
    known |= PUBLIC_OR_TESTED_ELSEWHERE
    filled = [path.format(u=USCC, d="d-1", p="p-1") for path in known]
    about = [spec for spec in all_routes() if spec.regex.pattern.startswith(("/companies/", "/pages/"))]
    untested = [spec.regex.pattern for spec in about if not any(spec.regex.fullmatch(path) for path in filled)]
    assert about
    assert not untested, f"put these into ROUTES with what each visitor may see: {untested}"
