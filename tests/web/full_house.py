"""A service with a day's full work in it: one of everything, made over its own pages, and many more of the same.

For tests that walk all pages. What is many stands as copies of the row a page made, with other numbers.
"""

from typing import Any

from pymongo import MongoClient

from adapters.seal.claims import Claim, sign_claim
from conf.access import RULES
from conf.clock import beijing
from conf.terms import DifferenceState, IdentityLevel, Notice, StaffRole
from handlers.flows import rules
from store.checks import Comparison, Difference
from store.records import Order
from store.records.keeping import Health, Inspection, InspectionItem
from tests.access.cases import USCC
from tests.desk import Desk
from tests.government import ID, a_letter, a_unit, a_user, at_work, keep, send_file
from tests.web.client import PageClient
from tests.web.conftest import Site
from tests.web.test_audit import sealed
from tests.web.test_government import FORM
from tests.web.test_kiosk import KEY
from tests.web.test_paper import BOX, PAPER, box_received, follow
from tests.web.test_paper import at_work as at_desk
from tests.web.test_review_desk import a_scan, act, scanned
from tests.web.test_staff import PASSWORD, a_reviewer, under_review
from tests.web.test_staff_rules import drafted

#: What is many, and which fields of a copy must be its own.
MANY: dict[str, tuple[int, tuple[str, ...]]] = {
    "orders": (60, ("request_key",)), "tasks": (50, ("document_id",)), "organ_cases": (20, ("no",)),
    "organ_views": (60, ()), "batch_lookups": (20, ()), "proposals": (30, ("about",)), "outbox": (60, ("reference",)),
    "followups": (30, ()), "ratings": (0, ()), "differences": (20, ()), "comparisons": (30, ()),
    "staff": (20, ("login",)), "sessions": (30, ()), "units": (20, ("uscc",)), "unit_users": (10, ("login",)),
    "paper_volumes": (40, ()), "paper_handovers": (30, ()), "paper_loans": (30, ()), "paper_destructions": (30, ()),
    "paper_locations": (60, ()), "front_notices": (10, ()), "inspections": (10, ()), "audit_events": (100, ("leaf",)),
    "copies": (10, ("order_no", "code.b")), "move_outs": (10, ()), "recounts": (10, ()), "backups": (5, ()),
    "filings": (20, ("documents",)),
}  # fmt: skip


class FullHouse:
    """Browsers of everybody there is (`people`), and what stands in addresses (`filled`)."""

    def __init__(self, site: Site, desk: Desk) -> None:
        self.site, self.desk = site, desk
        self.people: dict[str, PageClient] = {}
        self.filled: dict[str, str] = {}
        scanned(desk)
        self._staff()
        self._visitors()
        self._reviewing()
        self._paper()
        self._government()
        self._system()
        self._many()
        sealed(desk)
        self.filled["event"] = self._rows("audit_events")[0]["_id"]

    def order_of(self, path: str) -> str:
        """The order an address is about: a reviewer's, or the head's own."""
        return self.filled["waiting" if path.startswith("/staff/orders") else "own"]

    def _staff(self) -> None:
        for role in StaffRole:
            self.people[role] = at_desk(self.site, self.desk, role.value[:6], role)
        self.filled["person"] = a_reviewer(self.desk).staff.id
        half = self.site.visitor()
        half.submit(half.get("/staff/signin"), "main form", {"login": "li.shenhe", "password": PASSWORD})
        self.people["half in"] = half

    def _visitors(self) -> None:
        desk, site = self.desk, self.site
        head = desk.run(desk.account("legal_representative"))
        self.people |= {
            "nobody": site.visitor(), "head": site.signed_in(head),
            "low": site.signed_in(desk.run(desk.account("director", level=IdentityLevel.L1))),
        }  # fmt: skip
        order = desk.run(desk.seal(desk.run(desk.settled(head))))
        self.filled["own"] = order.no
        client = self.people["head"]
        client.raw.get("/pages/d1-p1/view.jpg")  # the first look draws the sizes and keeps them, as intake does
        client.raw.get(f"/orders/{order.no}/copy")
        page = client.get(f"/orders/{order.no}/rating")
        client.submit(page, "form.eq-rating", {"satisfaction": "1", "text": "等得太久"})
        client.post(f"/companies/{USCC}/scans", {"paper": "d-unscanned"})
        self.filled["task"] = self._rows("tasks")[0]["_id"]
        copy = desk.run(desk.store.copies.by_order(order.no))
        claim = Claim(copy_no=copy.no, page=1, pages=1, digest="ab" * 16, issued_on=beijing(copy.issued_at).date())
        self.filled["claim"] = sign_claim(claim, site.app.keys.claim)
        fresh = desk.run(desk.seal(desk.run(desk.settled(head))))
        self.filled["to rate"] = fresh.no
        client.raw.get(f"/orders/{fresh.no}/copy")
        site.run(site.store.terminals.register("k1", "政务中心1号机（样例）", "一楼", KEY))
        self.people["kiosk"] = kiosk = site.signed_in(head)
        kiosk.submit(kiosk.get("/kiosk/enrol"), "main form", {"key": KEY}, status=200)

    def _reviewing(self) -> None:
        """A request with a question that was answered with a file."""
        desk, client = self.desk, self.people[StaffRole.REVIEWER]
        order: Order = under_review(desk)
        self.filled["waiting"] = order.no
        act(client, order, "ask", {"question": "请上传出资证明，并说明用途。"})
        visitor = self.people["shareholder"] = self.site.signed_in(desk.run(desk.account("shareholder")))
        visitor.get(f"/orders/{order.no}")
        sent = send_file(visitor, f"/orders/{order.no}/answer", "file1", a_scan(), {"answer": "见附件（样例）。"})
        assert sent.status_code == 303, sent.text[:500]
        found = desk.run(desk.store.orders.by_no(order.no))
        self.filled["answer"] = found.review.questions[0].files[0].sha256

    def _paper(self) -> None:
        giver, taker = self.people[StaffRole.ARCHIVIST], at_desk(self.site, self.desk, "second")
        self.filled["handover"] = box_received(giver, taker).rpartition("/")[2]
        self.filled["volume"] = BOX
        page = giver.get(f"{PAPER}/destructions")
        at = follow(giver, giver.submit(page, "main form", {"reason": "期满，无继续保存价值"}))
        self.filled["destruction"] = at.rpartition("/")[2]
        place = {"room": "A1", "rack": "1", "column": "1", "tier": "1", "place": "1-3"}
        giver.submit(giver.get(f"{PAPER}/places"), "form[method=post][action$=places]", place)
        page = giver.get(f"{PAPER}/loans")
        approver = page.all("#f-approver option[value]")[-1]["value"]
        asked = {"barcode": BOX, "borrower": "虚构丙", "unit": "执法科", "mail": "", "purpose": "核对"}
        at = follow(giver, giver.submit(page, "main form", asked | {"approver": str(approver)}))
        self.filled["loan"] = at.rpartition("/")[2]

    def _government(self) -> None:
        site, now = self.site, self.site.clock()
        user = a_user(site.store, now)
        site.run(keep(site.store, a_unit(site.store, now), user))
        client = self.people["unit"] = at_work(site, user)
        sent = send_file(client, "/gov/cases/new/file", "letter", a_letter(), FORM)
        case = self.filled["case"] = sent.headers["location"].rpartition("/")[2]
        client.get(f"/gov/cases/{case}/companies/{USCC}")
        sent = send_file(client, f"/gov/cases/{case}/batches/file", "list", USCC.encode())
        assert sent.status_code == 303, sent.text[:500]
        self.filled["batch"] = self._rows("batch_lookups")[0]["_id"]
        self.filled |= {"unit": ID, "unit user": user.id}

    def _system(self) -> None:
        desk, now = self.desk, self.site.clock()
        archivist, system = self.people[StaffRole.ARCHIVIST], self.people[StaffRole.SYSTEM_ADMIN]
        desk.run(rules.keep_file_rules(desk.store, now=now))
        drafted(archivist)
        self.filled["rules"] = RULES.version
        notice = {"title": "样例通知", "text": "样例内容", "kind": "info"}
        times = {"starts": "2026-11-21T08:00", "ends": "2026-12-21T18:00"}
        archivist.submit(archivist.get("/staff/notices"), "main form:not([action$='/end'])", notice | times)
        asked = {"login": "wang.dangan", "name": "样例王", "roles": "archivist", "reason": "新到岗"}
        system.submit(system.get("/staff/accounts"), "main form", asked)
        self.filled["proposal"] = self._rows("proposals")[0]["_id"]
        looked = InspectionItem(part="服务器", name="样例", health=Health.GOOD, says="样例")
        made = Inspection(id="0e" * 15, made_at=now, period="2026-11", items=(looked,) * 30)
        desk.run(desk.store.atomically(lambda tx: desk.store.inspections.add(made, tx)))
        self.filled["inspection"] = made.id
        found = Difference(
            id="0d" * 15, uscc=USCC, company_name="样例", item="capital", ours="100", theirs="200", first_seen_at=now,
            seen_at=now, state=DifferenceState.OPEN,
        )  # fmt: skip
        compared = Comparison(uscc=USCC, company_name="样例", at=now, outcome="compared", differing=1, open=1)
        desk.run(desk.store.atomically(lambda tx: desk.store.differences.note(compared, (found,), tx)))
        self.filled["notice"] = Notice.COPY_READY.value

    def _rows(self, name: str) -> list[dict[str, Any]]:
        with MongoClient[Any](self.desk.settings.mongo_url) as client:
            return list(client[self.desk.settings.mongo_database][name].find().sort("_id", 1))

    def _many(self) -> None:
        """Copies of the newest row; of orders, of the one that waits and of one that is done."""
        with MongoClient[Any](self.desk.settings.mongo_url) as client:
            database = client[self.desk.settings.mongo_database]
            for name, (count, own) in MANY.items():
                patterns = [{"_id": self.filled[which]} for which in ("waiting", "own")] if name == "orders" else [{}]
                for turn, pattern in enumerate(patterns):
                    row = database[name].find_one(pattern, sort=[("_id", -1)])
                    if row is not None and count:
                        database[name].insert_many([_copy(row, own, turn * 1000 + n) for n in range(count)])


def _copy(row: dict[str, Any], own: tuple[str, ...], number: int) -> dict[str, Any]:
    """The row once more: another `_id` of the same length, other values where nothing may stand twice."""
    kept = {name: value for name, value in row.items() if name not in own}
    id = row["_id"]
    if isinstance(id, str):
        kept["_id"] = f"{id[:-6]}{900_000 + number}"  # beside what is there already
    else:
        del kept["_id"]
    for name in own:
        if "." in name:
            outer, _, inner = name.partition(".")
            kept[outer] = row[outer] | {inner: f"{row[outer][inner][:-4]}{number:04d}"}
        elif isinstance(row[name], list):
            kept[name] = []
        elif isinstance(row[name], str):
            kept[name] = f"{row[name][:-4]}{number:04d}"
    return kept
