"""The auditor's pages: a person found without keeping the number, events proved to outsiders, the tree checked live."""

import csv
import io
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from conf.settings import ROOT
from conf.terms import AuditFault, AuditTag, Channel, StaffRole
from handlers.flows import audit_files, auditing
from handlers.flows.evidence import checkpoint_file, keep_checkpoint
from handlers.staff.audit import _checks
from tests.access import cases
from tests.desk import Desk
from tests.store.things import an_event
from tests.web.client import Page, PageClient
from tests.web.conftest import Site
from tests.web.test_staff import a_reviewer, at_the_desk
from tests.web.test_staff import desk as desk
from views import audit_words

VIEWED = {"size": "view", "rule": "dossier.own.head", "uscc": cases.USCC, "inquirer": "head", "purpose": "bidding"}
SEARCHED, EXPORTED = "audit:record:searched", "audit:result:exported"


@pytest.fixture
def auditor(site: Site, desk: Desk) -> PageClient:
    return at_the_desk(site, a_reviewer(desk, "shen.ji", role=StaffRole.AUDITOR))


def write(desk: Desk, **changes: Any) -> Any:
    event = an_event(0, fields=VIEWED, outcome="permit") | changes
    return desk.run(desk.store.audit.append(**event, at=desk.clock()))


def sealed(desk: Desk) -> None:
    """Positions given and a checkpoint signed, in database and file."""
    checkpoint_file(desk.settings.var_dir).unlink(missing_ok=True)
    desk.run(desk.store.audit.sequence("p"))
    desk.run(keep_checkpoint(desk.store, desk.keys, desk.settings.var_dir, clock=desk.clock))


def events(site: Site, tag: str) -> list[dict[str, Any]]:
    with MongoClient[Any](site.settings.mongo_url) as client:
        return list(client[site.settings.mongo_database]["audit_events"].find({"tag": tag}).sort("_id", 1))


def find(auditor: PageClient, **asked: str) -> Page:
    """Ask as the form does and follow to the answer."""
    sent = auditor.submit(auditor.get("/staff/audit"), "main form[aria-label]", asked)
    return auditor.get(sent.headers["location"])


def subjects(page: Page) -> list[str]:
    """What the events found are about; the auditor's own questions, on record too, left out."""
    found = [row for row in page.all("tbody tr") if "查阅审计记录" not in row.get_text()]
    return [row.select("td")[-1].get_text(strip=True) for row in found]


@pytest.mark.parametrize("role", [role for role in StaffRole if role is not StaffRole.AUDITOR])
def test_nobody_but_the_auditor_gets_in(site: Site, desk: Desk, role: StaffRole) -> None:
    event = write(desk)
    client = at_the_desk(site, a_reviewer(desk, "qi.ta", role=role))
    one = f"/staff/audit/events/{event.id}"
    for path in ("/staff/audit", "/staff/audit/tree", one, f"{one}/proof"):
        client.get(path, status=403)
    for path in ("/staff/audit", "/staff/audit/export", "/staff/audit/tree"):
        client.post(path, status=403)
    assert "/staff/audit" not in client.get("/staff").text
    assert events(site, SEARCHED) == events(site, EXPORTED) == []


def test_a_person_is_found_by_exact_number_which_is_kept_nowhere(
    site: Site, desk: Desk, auditor: PageClient, capfd: pytest.CaptureFixture[str]
) -> None:
    head = desk.run(desk.account("legal_representative"))
    number = desk.store.vault.reveal(head.id_number)
    write(desk, who=head.id, subject="page-mine")
    write(desk, who="another", subject="page-of-another")
    page = find(auditor, person=number)
    assert subjects(page) == ["page-mine"]
    assert number not in page.text
    assert number not in str(page.response.url)
    (searched,) = [e for e in events(site, SEARCHED) if e["fields"]["criteria"]]
    assert searched["fields"] == {"criteria": ["person"], "rows": 1}
    assert searched["subject"] == desk.store.vault.person_key(head.id)
    with MongoClient[Any](site.settings.mongo_url) as client:
        database = client[site.settings.mongo_database]
        assert not any(number in str(list(database[name].find())) for name in database.list_collection_names())
    assert number not in "".join(capfd.readouterr())
    assert subjects(find(auditor, person="ID-NOBODY-HAS")) == []


def test_one_of_our_people_is_found_by_sign_in_name(site: Site, desk: Desk, auditor: PageClient) -> None:
    reviewer = a_reviewer(desk, "li.shenhe")
    write(desk, who=reviewer.staff.id, role="staff", subject="decided-by-li")
    page = find(auditor, person="li.shenhe")
    assert subjects(page) == ["decided-by-li"]
    narrowed = auditor.submit(page, "main form[aria-label]", {"tag": "page:image:viewed"})
    assert subjects(auditor.get(narrowed.headers["location"])) == ["decided-by-li"], "the person stays asked for"


def test_company_order_kind_outcome_channel_and_beijing_time_narrow_the_result(
    site: Site, desk: Desk, auditor: PageClient
) -> None:
    no, sealed_fields = "TH20261121-7K3M9Q", {"order_no": "TH20261121-7K3M9Q", "sha256": "0", "pages": 1, "cert_sn": ""}
    write(desk, subject="page-1", channel=Channel.KIOSK)  # 2026-11-21 10:00 in Beijing
    desk.clock.forward(minutes=6)
    write(desk, subject="page-2", outcome="refuse")
    desk.clock.forward(minutes=6)
    write(desk, tag=AuditTag.COPY_SEALED, subject="THC20261121-7K3M9Q", fields=sealed_fields, outcome="done")
    for asked, wanted in (
        ({"uscc": cases.USCC}, ["page-2", "page-1"]),
        ({"no": no}, ["THC20261121-7K3M9Q"]),
        ({"no": "THC20261121-7k3m9q"}, ["THC20261121-7K3M9Q"]),
        ({"tag": "copy:file:sealed"}, ["THC20261121-7K3M9Q"]),
        ({"outcome": "refuse"}, ["page-2"]),
        ({"channel": "kiosk"}, ["page-1"]),
        ({"since": "2026-11-21T10:01", "until": "2026-11-21T10:06", "tag": "page:image:viewed"}, ["page-2"]),
    ):
        assert subjects(find(auditor, **asked)) == wanted, asked
    given = {"uscc": "123", "no": "7", "tag": "x", "since": "2026-11-21T10:01", "until": "2026-11-20T10:01"}
    page = auditor.submit(auditor.get("/staff/audit"), "main form[aria-label]", given, status=422)
    assert len(page.all(".eq-field--error")) == 4
    auditor.get("/staff/audit?who=%7B%24ne%7D", status=422)


def test_many_are_turned_over_page_by_page(site: Site, desk: Desk, auditor: PageClient) -> None:
    for n in range(120):
        write(desk, subject=f"page-{n}", outcome="permit")
    page, seen = find(auditor, outcome="permit"), []
    while True:
        seen += subjects(page)
        more = page.all("a[rel=next]")
        if not more:
            break
        page = auditor.get(str(more[0]["href"]))
    assert seen == [f"page-{n}" for n in reversed(range(120))]
    assert [e["fields"]["rows"] for e in events(site, SEARCHED)][-3:] == [50, 50, 20]


def test_a_result_is_exported_safely_cut_with_a_word_and_on_record(
    site: Site, desk: Desk, auditor: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    for subject in ("=HYPERLINK(1)", "+1", "-1", "@x", "plain"):
        write(desk, subject=subject, outcome="permit")
    answer = auditor.post("/staff/audit/export", {"outcome": "permit"}, status=200)
    assert answer.response.content.startswith(b"\xef\xbb\xbf"), "spreadsheets know the encoding by it"
    assert answer.headers["content-disposition"].startswith('attachment; filename="audit-20261121-1000.csv"')
    rows = list(csv.reader(io.StringIO(answer.response.content.decode("utf-8-sig"))))
    column = rows[0].index("对象")
    assert [row[column] for row in rows[1:]] == ["plain", "'@x", "'-1", "'+1", "'=HYPERLINK(1)"]
    assert rows[1][rows[0].index("种类")] == "查看档案页"
    assert "用途：招标投标" in rows[1][rows[0].index("内容")]
    monkeypatch.setattr(auditing, "EXPORT_ROWS", 3)
    monkeypatch.setattr(auditing, "_EXPORT_BATCH", 2)
    cut = auditor.post("/staff/audit/export", {"outcome": "permit"}, status=200)
    rows = list(csv.reader(io.StringIO(cut.response.content.decode("utf-8-sig"))))
    assert len(rows) == 5
    assert "这里只有最新的 3 条" in rows[-1][0]
    recorded = [(e["outcome"], e["fields"]) for e in events(site, EXPORTED)]
    asked = ["outcome:permit"]
    assert recorded == [("done", {"criteria": asked, "rows": 5}), ("partly", {"criteria": asked, "rows": 3})]


def test_one_event_is_shown_in_words_and_proved_to_an_outsider(
    site: Site, desk: Desk, auditor: PageClient, tmp_path: Path
) -> None:
    made = [write(desk, subject=f"page-{n}") for n in range(9)]
    event = made[4]
    address = f"/staff/audit/events/{event.id}"
    early = auditor.get(address)
    assert "还没有签署到这条记录" in early.words
    auditor.get(f"{address}/proof", status=404)
    sealed(desk)
    page = auditor.get(address)
    for said in ("查看档案页", "招标投标", "法定代表人、负责人等", "浏览图", event.leaf, "签名有效"):
        assert said in page.words
    file = tmp_path / "proof.json"
    file.write_bytes(auditor.get(str(page.one("a[href$='/proof']")["href"])).response.content)
    key = site.visitor().get("/.well-known/eqicha-audit-key.json").response.json()["public_key"]
    command = [sys.executable, "eqicha.py", "verify-proof", str(file), "--public-key", key]
    env = {name: value for name, value in os.environ.items() if not name.startswith("EQICHA_")}
    env["EQICHA_VAR_DIR"] = str(tmp_path)
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "position 5 of the tree of" in done.stdout  # the auditor's account came first
    assert [e["subject"] for e in events(site, "audit:event:proved")] == [event.id]
    auditor.get("/staff/audit/events/absent", status=404)


def test_a_proof_with_anything_changed_is_refused(site: Site, desk: Desk) -> None:
    event = write(desk)
    write(desk)
    sealed(desk)
    proof = desk.run(auditing.prove(desk.store, event.id))
    good = audit_files.proof_file(proof, desk.keys)
    key = good["public_key"]
    assert audit_files.verify_proof(json.dumps(good).encode(), key).is_valid
    other = "A" * 43 + "="
    changes: list[dict[str, Any]] = [
        {"content": good["content"].replace("permit", "refuse")}, {"position": 1}, {"size": good["size"] + 1},
        {"root": "0" * 64}, {"path": []}, {"at": "2026-11-21T02:00:01.000+00:00"}, {"signature": "AAAA"},
        {"public_key": other}, {"format": "x"}, {"origin": "elsewhere"}, {"content": None}, {"path": "ab"},
    ]  # fmt: skip
    for change in changes:
        assert not audit_files.verify_proof(json.dumps(good | change).encode(), key).is_valid, change
    assert not audit_files.verify_proof(json.dumps(good).encode(), other).is_valid, "signed by somebody else"
    assert not audit_files.verify_proof(b"not json", key).is_valid


def wait_for_check(auditor: PageClient) -> Page:
    """As the page does: ask for the fragment until it polls no more."""
    for _ in range(100):
        page = auditor.get("/staff/audit/tree", fragment=True)
        if not page.all("#audit-check[hx-trigger]"):
            return page
        time.sleep(0.05)
    raise AssertionError("the check never ended")


def test_the_whole_is_checked_live_and_its_end_is_on_record(site: Site, desk: Desk, auditor: PageClient) -> None:
    for n in range(30):
        write(desk, subject=f"page-{n}")
    sealed(desk)
    page = auditor.get("/staff/audit/tree")
    assert "还没有核验过" in page.words
    assert [row.get_text(" ", strip=True) for row in page.all("tbody td:nth-last-child(-n+2)")] == ["有效", "一致"]
    assert auditor.submit(page, "#audit-check form").headers["location"] == "/staff/audit/tree"
    assert "全部完好" in wait_for_check(auditor).text
    checked = [(e["outcome"], e["fields"]["first_bad"]) for e in events(site, "audit:tree:checked")]
    assert checked == [("started", None), ("whole", None)]
    assert not _checks


def test_what_is_wrong_is_said_with_the_first_bad_position(site: Site, desk: Desk, auditor: PageClient) -> None:
    for n in range(30):
        write(desk, subject=f"page-{n}")
    sealed(desk)
    with MongoClient[Any](site.settings.mongo_url) as client:
        rows = client[site.settings.mongo_database]["audit_events"]
        rows.update_one({"position": 17}, {"$set": {"outcome": "refuse"}})
        id = rows.find_one({"position": 17})["_id"]
    auditor.post("/staff/audit/tree")
    page = wait_for_check(auditor)
    assert "审计记录在位置 17 有问题" in page.text
    assert audit_words.FAULTS[AuditFault.EDITED] in page.text
    assert "无法证明" in auditor.get(f"/staff/audit/events/{id}").words
    auditor.get(f"/staff/audit/events/{id}/proof", status=409)


def test_a_checkpoint_that_is_forged_or_missing_in_the_file_shows(site: Site, desk: Desk, auditor: PageClient) -> None:
    write(desk)
    sealed(desk)
    first = checkpoint_file(desk.settings.var_dir).read_text()
    write(desk)
    desk.clock.forward(minutes=2)
    desk.run(desk.store.audit.sequence("p"))
    desk.run(keep_checkpoint(desk.store, desk.keys, desk.settings.var_dir, clock=desk.clock))
    path = checkpoint_file(desk.settings.var_dir)
    path.write_text(first)
    page = auditor.get("/staff/audit/tree")
    assert [tag.get_text(strip=True) for tag in page.all("tbody .eq-tag")] == ["有效", "文件里没有", "有效", "一致"]
    path.write_text(first.replace('"root": "', '"root": "0')[:-1] + "\n")
    assert "1 个检查点有问题" not in (words := auditor.get("/staff/audit/tree").words)
    assert "个检查点有问题" in words
    with MongoClient[Any](site.settings.mongo_url) as client:
        client[site.settings.mongo_database]["audit_checkpoints"].update_many({}, {"$set": {"root": "0" * 64}})
    path.unlink()
    assert "无效" in auditor.get("/staff/audit/tree").words


def test_two_checks_do_not_run_at_once_and_a_dead_one_is_told(site: Site, desk: Desk, auditor: PageClient) -> None:
    write(desk)
    id = desk.run(desk.store.audit_checks.take())

    async def begin(tx: Any) -> None:
        await desk.store.audit_checks.begin(id, "who", 7, tx)

    desk.run(desk.store.atomically(begin))
    auditor.post("/staff/audit/tree")
    page = auditor.get("/staff/audit/tree")
    assert "正在核验：已重算 0 / 7 条" in page.words
    assert page.one("#audit-check")["hx-get"] == "/staff/audit/tree"
    assert page.one("#audit-check a")["href"] == "/staff/audit/tree", "without script there is a link"
    desk.run(desk.store.audit_checks.moved(id, 3, 7))
    assert "已重算 3 / 7 条" in auditor.get("/staff/audit/tree").words
    desk.clock.forward(seconds=61)
    assert "上次核验中途停止" in auditor.get("/staff/audit/tree").words
    auditor.post("/staff/audit/tree")
    assert "全部完好" in wait_for_check(auditor).text


def test_every_kind_of_event_and_fault_has_words() -> None:
    assert [tag for tag in AuditTag if tag not in audit_words.KINDS] == []
    assert [fault for fault in AuditFault if fault not in audit_words.FAULTS] == []
    assert [channel for channel in Channel if channel not in audit_words.CHANNELS] == []
