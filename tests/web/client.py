"""A browser without script for page tests: keeps cookies, fills in form tokens, and judges every page it is given."""

from itertools import pairwise
from typing import Any

import html5lib
import httpx
from bs4 import BeautifulSoup, Tag

from adapters.trust import trusted

POLICY_MUST = ("default-src 'none'", "script-src 'self'", "object-src 'none'", "frame-ancestors 'none'")
HEADERS_MUST = {"x-content-type-options": "nosniff", "cross-origin-opener-policy": "same-origin"}


class Page:
    """One answer: `status`, `headers`, `text` and, for HTML, `soup`."""

    def __init__(self, response: httpx.Response) -> None:
        self.response, self.status = response, response.status_code
        self.headers, self.text = response.headers, response.text
        self.soup = BeautifulSoup(response.text, "html5lib")

    @property
    def h1(self) -> str:
        return self.one("h1").get_text(strip=True)

    @property
    def words(self) -> str:
        """All visible text, spaces folded."""
        return " ".join((self.soup.find("main") or self.soup).get_text().split())

    def all(self, selector: str) -> list[Tag]:
        return list(self.soup.select(selector))

    def one(self, selector: str) -> Tag:
        found = self.soup.select(selector)
        assert len(found) == 1, f"{len(found)} of {selector}"
        return found[0]


class PageClient:
    """`get` and `post` answer a judged Page; `status` is what the test expects to get."""

    def __init__(self, url: str, headers: dict[str, str], *, ready_token: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self._http = httpx.Client(base_url=url, headers=named, follow_redirects=False, timeout=20, verify=trusted())
        self._token_cookie = ready_token

    def get(self, path: str, *, status: int = 200, fragment: bool = False, **headers: str) -> Page:
        """`fragment` asks as htmx does."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if fragment:
            sent["HX-Request"] = "true"
        return self._judged(self._http.get(path, headers=sent), status, fragment=fragment)

    def post(self, path: str, form: dict[str, Any] | None = None, *, status: int = 303, **headers: str) -> Page:
        """A form sent with the token a page of ours would have put in."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = {"_xsrf": self.token} | (form or {})
        return self._judged(self._http.post(path, data=body, headers=sent), status, fragment="HX-Request" in sent)

    def submit(self, page: Page, selector: str, form: dict[str, Any] | None = None, *, status: int = 303) -> Page:
        """Send the form `selector` of `page` as a browser would, hidden fields included."""
        found = page.one(selector)
        fields = {str(i["name"]): str(i.get("value", "")) for i in found.select("input[type=hidden][name]")}
        answer = self._http.post(str(found["action"]), data=fields | (form or {}))
        return self._judged(answer, status, fragment=False)

    @property
    def token(self) -> str:
        """The form token of this browser; any value both cookie and form carry is one."""
        if self._token_cookie not in self._http.cookies:
            self.set_cookie(self._token_cookie, "2|00000000|" + "ab" * 16 + "|1795226400")
        return str(self._http.cookies[self._token_cookie])

    def set_cookie(self, name: str, value: str) -> None:
        self._http.cookies.set(name, value, domain="127.0.0.1", path="/")

    @property
    def cookies(self) -> dict[str, str]:
        return dict(self._http.cookies)

    @property
    def raw(self) -> httpx.Client:
        """For what a browser would not do; nothing is judged."""
        return self._http

    def close(self) -> None:
        self._http.close()

    def _judged(self, response: httpx.Response, status: int, *, fragment: bool) -> Page:
        page = Page(response)
        assert page.status == status, f"{response.request.url}: {page.status}, wanted {status}\n{page.text[:1500]}"
        judge_headers(page)
        if page.headers.get("content-type", "").startswith("text/html") and page.text:
            judge_markup(page, fragment=fragment)
        return page


def judge_headers(page: Page) -> None:
    """Every answer, whatever it is, carries the standing headers and tells nothing about the server."""
    policy = page.headers.get("content-security-policy", "")
    assert all(part in policy for part in POLICY_MUST), policy
    assert "unsafe" not in policy
    assert {name: page.headers.get(name) for name in HEADERS_MUST} == HEADERS_MUST
    assert "server" not in page.headers


def judge_markup(page: Page, *, fragment: bool) -> None:
    """Valid HTML, one heading that is the title, labels, form targets and tokens, nothing inline."""
    where = page.response.request.url
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    (parser.parseFragment if fragment else parser.parse)(page.text)
    errors = [(at, code, about) for at, code, about in parser.errors if code != "expected-doctype-but-got-eof"]
    assert not errors, f"{where}: {errors[:3]}"
    faults = [*_inline(page), *_ids(page), *_forms(page)]
    if not fragment:
        faults += _heading(page)
    assert not faults, f"{where}: {faults}"


def _heading(page: Page) -> list[str]:
    headings = [h.get_text(strip=True) for h in page.all("h1")]
    title = page.soup.title.get_text(strip=True) if page.soup.title else ""
    faults = [] if len(headings) == 1 else [f"{len(headings)} h1"]
    faults += [] if all(h in title for h in headings) else [f"title {title!r} lacks h1 {headings}"]
    levels = [int(h.name[1]) for h in page.all("h1, h2, h3, h4, h5")]
    faults += [f"h{b} after h{a}" for a, b in pairwise(levels) if b > a + 1]
    html = page.soup.html
    return faults + ([] if html is not None and html.get("lang") == "zh-CN" else ["no lang"])


def _inline(page: Page) -> list[str]:
    faults = [f"style on {t.name}" for t in page.all("[style]")]
    faults += ["inline <style>" for _ in page.all("style")] + ["inline <script>" for _ in page.all("script:not([src])")]
    faults += [f"{a} on {t.name}" for t in page.soup.find_all(True) for a in t.attrs if a.startswith("on")]
    faults += ["img without alt" for _ in page.all("img:not([alt])")]
    return faults + ["javascript: link" for _ in page.all("[href^='javascript:']")]


def _ids(page: Page) -> list[str]:
    ids = [str(t["id"]) for t in page.all("[id]")]
    faults = [f"id {i} twice" for i in sorted({i for i in ids if ids.count(i) > 1})]
    labelled = [(t, str(t[a])) for a in ("aria-labelledby", "aria-describedby") for t in page.all(f"[{a}]")]
    return faults + [f"{t.name} points at no {ref}" for t, refs in labelled for ref in refs.split() if ref not in ids]


def _forms(page: Page) -> list[str]:
    faults = ["form without action" for _ in page.all("form:not([action])")]
    for form in page.all("form[method=post]"):
        faults += [] if form.select("input[name=_xsrf]") else [f"form {form.get('action')} without token"]
    labelled = {str(label["for"]) for label in page.all("label[for]")}
    for field in page.all("input:not([type=hidden]):not([type=submit]), select, textarea"):
        is_named = field.get("id") in labelled or field.get("aria-label") or field.find_parent("label")
        faults += [] if is_named else [f"{field.name} {field.get('name')} without label"]
    return faults
