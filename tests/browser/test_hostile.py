"""Text that is an attack, in every field an intake package can bring: shown as text, never run."""

import json
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect

from adapters.sandbox.people import sample_person
from conf.codes import make_uscc
from tests.browser import walk
from tests.trial import TrialSet

USCC = make_uscc("MA9XQQ01")
NASTY = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "'><svg/onload=alert(3)>",
    "{{7*7}}${7*7}",
    "javascript:alert(4)",
    "]]><a href='//evil.example'>x</a>",
)


def package(folder: Path) -> Path:
    """An intake package of a company whose every text is an attack."""
    head = sample_person("legal_representative")
    text = "".join(NASTY)
    person = {"id_type": "身份证", "id_number": head.id_number, "title": text, "address": text}
    company = {
        "kind": "company", "uscc": USCC, "name": f"样例{NASTY[0]}{NASTY[1]}有限公司", "entity_type": text,
        "status": "active", "legal_representative": head.name, "capital": text, "established_on": "2020-03-12",
        "approved_on": "2020-03-12", "domicile": text, "street_code": "440106001", "street": NASTY[1], "scope": text,
        "registry": text, "industry": NASTY[0],
        "former_names": [{"name": f"曾用{NASTY[1]}", "since": "2019-01-01", "until": "2020-01-01"}],
        "persons": [
            {"name": head.name, "role": "legal_representative", **person},
            {"name": NASTY[1], "role": "shareholder", "amount": text, "share": NASTY[2]},
        ],
        "changes": [{"item": text, "before": text, "after": text, "approved_on": "2021-01-01"}],
    }  # fmt: skip
    at = {"uscc": USCC, "business_no": "440106202003120777"}
    filing = {"kind": "filing", "event": "establishment", "title": text, "approved_on": "2020-03-12", **at}
    paper = {"kind": "document", "number": 1, "type": NASTY[0], "title": text, "dated": "2020-03-09", **at}
    (folder / "a'b.jpg").parent.mkdir(exist_ok=True)
    Image.new("RGB", (800, 1100), "white").save(folder / "a'b.jpg", dpi=(200, 200))
    rows = [company, filing, paper | {"files": ["a'b.jpg"]}]
    lines = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
    (folder / "manifest.jsonl").write_text(lines, encoding="utf-8")
    return folder


def test_hostile_text_is_shown_and_never_run(
    visitor: Callable[..., Page], judge: Callable[[Page], None], trial: TrialSet, tmp_path: Path
) -> None:
    trial.command("import", str(package(tmp_path)))
    page = visitor("pc")
    dialogs: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    outside: list[str] = []
    page.on("request", lambda request: None if "127.0.0.1" in request.url else outside.append(request.url))
    page.goto(f"/companies?q={USCC}")
    expect(page.locator(".eq-hit__name a").first).to_contain_text("<script>alert(1)</script>")
    page.goto(f"/companies/{USCC}")
    judge(page)
    walk.open_dossier(page)
    judge(page)
    page.locator(".eq-paper__open[href*='/documents/']").first.click()
    assert walk.image_is_there(page)
    page.goto(f"/companies/{USCC}/extract")
    expect(page.locator("main")).to_contain_text("{{7*7}}")
    page.goto(f"/companies/{USCC}/dossier")
    walk.choose_papers(page, 1)
    walk.place_order(page)
    walk.wait_for_copy(page)
    assert walk.download(page, tmp_path).stat().st_size > 10_000
    for words in NASTY:
        page.goto("/")
        page.get_by_role("searchbox").fill(words)
        page.get_by_role("button", name="查询").click()
        expect(page.locator("#results")).to_be_visible()
    assert not dialogs
    assert not outside
