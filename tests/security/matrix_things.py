"""Something real behind every address of the matrix, the like that is somebody else's, and a name nobody has.

Used by tests/security/test_authorisation.py: `values` fills an address, `form` is what a page of ours would send there.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from adapters.imaging.render import render
from conf.access import RULES
from conf.clock import beijing
from conf.consent import current_consent
from conf.terms import (
    AuditTag,
    BatchStatus,
    Channel,
    DifferenceState,
    FilingKind,
    Notice,
    OutboxKind,
    OutboxStatus,
    PageSize,
    SealStatus,
    StaffRole,
    VolumeState,
)
from handlers.flows import enrolling, front_notices, paper_destruction, paper_handover, rules, tasks, tuning
from handlers.flows.paper_handover import VolumeForm
from handlers.flows.staffing import OUR_PEOPLE, UNITS
from handlers.flows.viewing import Visitor
from store.checks import Comparison, Difference
from store.outbox import new_message
from store.records import Filing, Order, Page, SealVersion, Staff
from store.records.government import BatchLookup
from store.records.keeping import Inspection
from store.records.paper import Loan
from store.records.tuned import Signatory
from tests.access.cases import OTHER_USCC, USCC
from tests.desk import TRACE, Desk, a_document
from tests.flows.test_ratings import downloaded, rated
from tests.government import COURT_CODE, ID, SECOND_UNIT, a_case, a_letter, a_unit, a_user, keep
from tests.security.matrix_people import SECRET, XSRF, Person, a_session
from tests.web.archive import scan_of
from tests.web.conftest import Site

NOBODYS = {
    "uscc": "91440101633203772F", "order": "TH20261121-ZZZZZZ", "copy": "THC20261121-ZZZZZZ", "id": "zz",
    "task": "TK20261121-ZZZZZZ", "batch": "ZWP20261121-ZZZZZZ", "key": "0f" * 15, "token": "z" * 43, "system": "nobody",
    "n": "1", "turn": "1",
}  # fmt: skip
#: Who is concerned by the company; whose the order is.
OF_COMPANY, OF_ORDER = ("head", "head_at_kiosk", "company"), ("head", "head_at_kiosk")
#: A unit (and its user) our own people may change while the others are at work.
SPARE_UNIT = "1a" * 15
WHY = "样例理由，依规定办理"


class Things:
    """Made once. `ids` holds what stands behind an address of our own people, by the beginning of the address."""

    def __init__(self, site: Site, desk: Desk, people: Mapping[str, Person]) -> None:
        self.site, self.desk, self.people, self.run = site, desk, people, desk.run
        self.ids: dict[str, dict[str, str]] = {}
        self._companies()
        self._orders()
        self._small()
        self._paper()
        self._units()

    # -- what stands in an address

    def values(self, who: str, address: str, which: str) -> dict[str, str]:
        """For the groups of an address: `own` (for our people: what is there), an `other`'s, or an `absent` one."""
        made = NOBODYS | {"uscc": USCC, "id": "d1", "system": "sms"}
        if address.startswith(("/staff", "/callbacks", "/gov/enrol")):
            there = next((ids for start, ids in self.ids.items() if address.startswith(start)), {})
            if address.startswith("/staff/outbox"):
                there = {"id": self.messages.get(who, "m-archivist")}
            missing = {} if which != "absent" else {name: NOBODYS[name] for name in {*there, "system"}}
            return made | there | missing
        if address.startswith("/gov"):
            own, other = (SECOND_UNIT, ID) if who == "second_unit" else (ID, SECOND_UNIT)
            key = {"own": own, "other": other, "absent": NOBODYS["key"], "none": own}[which]
            return made | {"key": key, "id": "d1-p1" if "/{key}/pages/" in address else "d1"}
        return made | self._visitors_own(who, address, which)

    def _visitors_own(self, who: str, address: str, which: str) -> dict[str, str]:
        is_concerned = who in OF_COMPANY
        papers = {"own": "d1", "other": "o1" if is_concerned else "d1", "absent": "zz", "none": "d1"}
        company = OTHER_USCC if is_concerned and which == "other" else USCC
        if address.startswith("/orders"):
            others = self.order if who not in OF_ORDER else self.others_order
            return {"order": {"own": self.order, "other": others}.get(which, NOBODYS["order"])}
        if address.startswith("/pages"):
            return {"id": f"{papers[which]}-p1"}
        if "{id}" in address or address.endswith("/scans"):
            return {"uscc": company, "id": papers[which]}
        return {"uscc": NOBODYS["uscc"] if which == "absent" else company}

    def owns(self, who: str, address: str) -> bool:
        """Whether there is anything behind an address that is this caller's own."""
        if address.startswith("/gov"):
            return True
        return address.startswith(("/staff", "/callbacks")) or who in (
            OF_ORDER if address.startswith("/orders") else OF_COMPANY
        )

    # -- what stands in a form

    def form(self, who: str, method: str, address: str, which: str) -> dict[str, str] | bytes:
        """The fields a page of ours would send there, so that nothing but the guard has a ground to refuse."""
        if method == "GET":
            return {}
        if address == "/staff/accounts/{id}/sessions":  # whom there is a session of to end, each time anew
            a_session(self.site, {"staff_id": self.ids["/staff/accounts"]["id"], "channel": Channel.STAFF})
        if address.endswith(("/file", "/answer")):
            return multipart(UPLOADS[address])
        if address.endswith("/scans"):
            paper = {"own": "d-unscanned", "absent": "zz-unscanned"}
            shut = "o-unscanned" if who in OF_COMPANY else "d-unscanned"
            return {"paper": paper.get(which, shut)}
        if address == "/companies/{uscc}/order":
            key = f"{who}-{which}-key".ljust(24, "x")
            return FORMS[address] | {"request_key": key, "consent": current_consent().version}
        return next((FORMS[start] for start in FORMS if address.startswith(start)), {"reason": WHY})

    # -- making it all

    def _companies(self) -> None:
        self.run(self._scan("d1"))
        made = replace(self.desk.company(), uscc=OTHER_USCC, name="广州样例投资有限公司（更名）", persons=())
        self.run(self.desk.store.companies.put(made))
        papers = (a_document("o1", "fo"), a_document("o-unscanned", "fo", title="房屋租赁合同", pages=0))
        papers = tuple(replace(each, uscc=OTHER_USCC) for each in papers)
        filing = Filing(
            id="fo", uscc=OTHER_USCC, kind=FilingKind.ESTABLISHMENT, number=1, business_no="Y009", title="设立登记",
            approved_on=beijing(self.desk.clock()).date(), documents=papers,
        )  # fmt: skip
        self.run(self.desk.store.dossiers.put_filing(filing))
        self.run(self._scan("o1"))
        self.run(self.desk.store.companies.refresh_search())

    async def _scan(self, paper: str) -> None:
        content, scans = scan_of(f"sample {paper}"), self.desk.store.scans
        sha256, sizes = await scans.put(content, "image/jpeg"), render(content)
        for size in PageSize:
            await scans.put_size(sha256, size, getattr(sizes, size))
        page = Page(
            id=f"{paper}-p1", document_id=paper, number=1, sha256=sha256, media_type="image/jpeg", size=len(content),
            width=826, height=1169, dpi=100,
        )  # fmt: skip
        await self.desk.store.dossiers.put_pages((page,))

    def _orders(self) -> None:
        desk, run = self.desk, self.run
        head, shareholder = (run(desk.account(role)) for role in ("legal_representative", "shareholder"))
        ready: Order
        _, ready = run(downloaded(desk))
        reviewed: Order = run(desk.settled(shareholder))
        _, low = run(downloaded(desk))
        run(rated(desk, head, low, satisfaction=1, text="等得太久"))
        self.order, self.others_order = ready.no, reviewed.no
        visitor = Visitor(account=head, purposes={}, now=desk.clock(), trace=TRACE)
        task = run(tasks.ask_scan(desk.store, desk.settings, USCC, "d-unscanned", visitor))
        self.ids |= {
            "/staff/orders/{order}/images": {"order": reviewed.no, "id": "d1-p1"},
            "/staff/orders": {"order": reviewed.no, "id": "d1"},
            "/staff/ratings": {"order": low.no},
            "/staff/copies": {"copy": "THC" + low.no[2:]},
            "/staff/tasks": {"task": task.id},
            "/staff/companies": {"uscc": OTHER_USCC},
            "/staff/differences": {"uscc": USCC},
            "/callbacks": {"system": "sms"},
        }

    def _small(self) -> None:
        desk, run, store, now = self.desk, self.run, self.desk.store, self.desk.clock()
        common = {"now": now, "trace": TRACE}
        system, archivist = (self._person(role) for role in (StaffRole.SYSTEM_ADMIN, StaffRole.ARCHIVIST))
        target, invited = (run(self._recruit(login)) for login in ("mu.biao", "shou.yao"))
        made = tuning.propose_setting(
            store, desk.settings, name="review_days", value="10", reason=WHY, by=system, **common
        )
        notice = front_notices.write(
            store, title="样例公告", text="样例公告内容", kind="info", starts="2026-11-21T00:00",
            ends="2026-12-21T00:00", by=archivist, **common,
        )  # fmt: skip
        event = store.audit.append(
            tag=AuditTag.STAFF_SIGNED_IN, subject="x", outcome="done", fields={}, **TRACE
        )  # fmt: skip
        self.messages = {who: f"m-{who}" for who in ("archivist", "reviewer", "system_admin")}  # sent anew once each
        for id in self.messages.values():
            message = new_message(OutboxKind.SMS, id, now=now, body={"notice": "copy_ready", "values": {}})
            run(store.outbox.put(replace(message, id=id, status=OutboxStatus.GAVE_UP, done_at=now)))
        event = run(event)
        run(store.audit.sequence("matrix"))
        run(store.audit.checkpoint(lambda _: ("k", b"signed")))
        run(store.inspections.add(Inspection(id="i1", made_at=now, period="", items=())))
        run(rules.keep_file_rules(store, now=now))
        draft = rules.TABLE.read_text(encoding="utf-8").replace(RULES.version, "2026-12-01.1")
        run(rules.save_draft(store, text=draft, revision=0, by=archivist, **common))
        link = enrolling.issue_link(store, invited, desk.settings, door=OUR_PEOPLE, **common)
        self.ids |= {
            "/staff/proposals": {"id": run(made).id},
            "/staff/notices": {"id": run(notice).id},
            "/staff/system": {"id": "i1"},
            "/staff/audit": {"id": event.id},
            "/staff/accounts": {"id": target.id},
            "/staff/enrol": {"token": run(link)},
            "/staff/texts": {"id": next(iter(Notice)).value},
            "/staff/rules": {"id": RULES.version},
            "/staff/seals/signatories": {"id": "g1"},
            "/staff/seals": {"id": "THS-1.1"},
        }
        run(self._sealing())

    async def _recruit(self, login: str) -> Staff:
        """Somebody of ours without credentials yet."""
        roles = frozenset({StaffRole.REVIEWER})
        return await self.desk.store.staff.create(
            login=login, name="样例", roles=roles, password_hash="", totp_secret=SECRET
        )

    def _person(self, role: StaffRole) -> Staff:
        found: Staff = self.run(self.desk.store.staff.by_id(str(self.people[role.value].session["staff_id"])))
        return found

    async def _sealing(self) -> None:
        store, now = self.desk.store, self.desk.clock()
        seal = SealVersion(
            id="THS-1.1", seal_id="THS-1", version=1, name="样例专用章", signer="样例", fingerprint="c3" * 32,
            cert_sn="1", valid_from=now, valid_until=now + timedelta(days=300), status=SealStatus.IN_USE,
            entered_by="x", history=(),
        )  # fmt: skip
        today = beijing(now).date()
        signatory = Signatory(
            id="g1", name="虚构戊", title="馆长", first_day=today, last_day=today + timedelta(days=30), proposal_id="",
            at=now,
        )  # fmt: skip
        found = Difference(
            id="v1", uscc=USCC, company_name="样例", item="capital", ours="1", theirs="2", first_seen_at=now,
            seen_at=now, state=DifferenceState.OPEN,
        )  # fmt: skip
        compared = Comparison(uscc=USCC, company_name="样例", at=now, outcome="compared", differing=1, open=1)

        async def work(tx: object) -> None:
            await store.seals.add(seal, tx)
            await store.signatories.add(signatory, tx)
            await store.differences.note(compared, (found,), tx)

        await store.atomically(work)

    def _paper(self) -> None:
        run, store, now = self.run, self.desk.store, self.desk.clock()
        by = self._person(StaffRole.ARCHIVIST)
        common = {"by": by, "now": now, "trace": TRACE}
        listed = run(paper_handover.begin(store, "样例登记注册科", **common))
        box = VolumeForm(barcode="BOX-0001", title="登记档案", pages="10", parts=USCC)
        volume = run(paper_handover.add_volume(store, listed.id, box, **common))
        loan = Loan(
            id="JY-1", volume_id="BOX-0002", volume_title="登记档案", borrower=store.vault.conceal("虚构丙", "虚*"),
            unit="样例科", mail=None, purpose="核对", approved_by="x", approver="样例", lent_at=now,
            due_at=now + timedelta(days=10), is_out=True, is_extended=False, returned_at=None, condition=None,
            reminded_on=None, version=0, history=(),
        )  # fmt: skip
        lent = replace(volume, id="BOX-0002", state=VolumeState.LENT, loan_no="JY-1", handover_no="")

        async def work(tx: object) -> None:
            await store.paper.add(lent, tx)
            await store.paper.add(loan, tx)

        run(store.atomically(work))
        destruction = run(paper_destruction.begin(store, self.desk.settings, WHY, **common))
        self.ids |= {
            "/staff/paper/volumes": {"id": "BOX-0001"},
            "/staff/paper/handovers": {"id": listed.id},
            "/staff/paper/loans": {"id": "JY-1"},
            "/staff/paper/destructions": {"id": destruction.id},
        }

    def _units(self) -> None:
        run, store, now = self.run, self.desk.store, self.desk.clock()
        page = run(store.organ_cases.put_letter(a_letter(), "image/jpeg"))
        first = a_case(now, looked_at=now, due_at=now, user_id=ID)
        first = replace(first, letter=replace(first.letter, pages=(page,)))
        second = replace(first, id=SECOND_UNIT, unit_id=SECOND_UNIT, unit_name="样例二", user_id="0e" * 15)
        run(keep(store, first, second))
        spare = a_unit(store, now, id=SPARE_UNIT, uscc="11440106MB2C00056A", name="样例三")
        to_shut = a_user(store, now, id=SPARE_UNIT, unit_id=SPARE_UNIT, login="zhao.san")
        invited = a_user(store, now, id="1b" * 15, unit_id=SPARE_UNIT, login="qian.si")
        run(keep(store, spare, to_shut, invited))
        link = enrolling.issue_link(store, invited, self.desk.settings, door=UNITS, now=now, trace=TRACE)
        batch = BatchLookup(
            id="ZWP20261121-AAAAAA", case_id=ID, case_no="样例", unit_id=ID, unit_name="样例", user_id=ID,
            usccs=(USCC,), status=BatchStatus.WAITING, created_at=now, decided_by="", decided_name="", decided_at=None,
            note="", sha256="", size=0, cert_sn="", ready_at=None, attempts=0, fault="", free_at=now,
        )  # fmt: skip
        run(store.atomically(lambda tx: store.batches.add(batch, tx)))
        self.ids |= {
            "/staff/government/batches": {"batch": batch.id},
            "/staff/government/checks": {"key": ID},
            "/staff/government": {"key": SPARE_UNIT},
            "/gov/enrol": {"token": run(link)},
        }


def multipart(parts: Mapping[str, str]) -> bytes:
    """A body with boundary "matrix"; a field whose name begins with "@" is a file."""
    lines = []
    for name, value in {"_xsrf": XSRF, **parts}.items():
        file = '; filename="a.txt"\r\nContent-Type: application/octet-stream' if name.startswith("@") else ""
        lines.append(f'--matrix\r\nContent-Disposition: form-data; name="{name.lstrip("@")}"{file}\r\n\r\n{value}\r\n')
    return ("".join(lines) + "--matrix--\r\n").encode()


UPLOADS = {
    "/orders/{order}/answer": {"answer": "样例答复"},
    "/verify/file": {"@file": "%PDF-1.7 sample"},
    "/gov/cases/new/file": {
        "purpose": "审理样例纠纷", "no": "样2", "letter_no": "样2", "letter_on": "2026-11-20", "@letter": "x",
    },
    "/gov/cases/{key}/batches/file": {"@list": USCC},
}  # fmt: skip
_NEW_UNIT = {
    "name": "样例区某局", "uscc": COURT_CODE, "kind": "other", "contact": "样例联络", "phone": "02000000000",
    "networks": "127.0.0.0/8",
}  # fmt: skip
#: What else stands in an address that would have nothing to show without.
QUERIES = {"/staff/paper/labels": "?code=BOX-0001"}
#: What is sent to addresses that begin so, the longest first where one begins another.
FORMS: dict[str, dict[str, str]] = {
    "/companies/{uscc}/purpose": {"purpose": "own_affairs"},
    "/companies/{uscc}/documents": {"fault": "cut"},
    "/companies/{uscc}/order": {"document": "d1", "purpose": "own_affairs"},
    "/orders/{order}/rating": {"satisfaction": "5", "number": "1"},
    "/orders/{order}/check": {"code": "000000"},
    "/kiosk/enrol": {"key": "no-such-key"},
    "/staff/signin": {"login": "nobody.there", "password": "Zhi-Shi-Yang-Li-2026", "code": "000000"},
    "/staff/password": {"old": "Bu-Dui-2026", "new": "Xin-De-Kou-Ling-2026", "again": "Xin-De-Kou-Ling-2026"},
    "/gov/signin": {"login": "nobody.there", "password": "Zhi-Shi-Yang-Li-2026", "code": "000000"},
    "/gov/password": {"old": "Bu-Dui-2026", "new": "Xin-De-Kou-Ling-2026", "again": "Xin-De-Kou-Ling-2026"},
    "/staff/enrol": {"new": "Xin-De-Kou-Ling-2026", "again": "Xin-De-Kou-Ling-2026", "code": "000000"},
    "/gov/enrol": {"new": "Xin-De-Kou-Ling-2026", "again": "Xin-De-Kou-Ling-2026", "code": "000000"},
    "/gov/sessions": {"session": "all"},
    "/staff/sessions": {"session": "all"},
    "/staff/proposals": {"answer": "no", "note": WHY},
    "/staff/orders/{order}/ask": {"question": "样例问题，请补充说明用途。"},
    "/staff/orders/{order}/refuse": {"refusal": WHY, "reason_id": "other"},
    "/staff/orders": {"document": "d1", "reason": WHY},
    "/staff/companies/{uscc}/lock": {"way": "lock", "ground": "样例", "words": WHY},
    "/staff/companies/{uscc}/moved-out": {"registry": "样例区登记机关", "moved_on": "2026-11-20", "reason": WHY},
    "/staff/companies/{uscc}/handed-over": {"letter_no": "样1", "handed_on": "2026-11-20"},
    "/staff/companies/{uscc}/flags": {"document": "o1", "flags": "sensitive", "reason": WHY},
    "/staff/tasks": {"to": "declined", "result": "样例结果，不予办理。"},
    "/staff/differences": {"difference": "v1", "reason": WHY},
    "/staff/ratings": {"text": "已经通话，了解情况", "result": "reached", "version": "0"},
    "/staff/accounts/{id}/sessions": {"session": "all"},
    "/staff/accounts": {"login": "xin.zhang", "name": "样例新", "roles": "archivist", "reason": WHY},
    "/staff/settings": {"name": "search_per_minute", "value": "60", "reason": WHY},
    "/staff/texts": {"template": "1", "sms": "样例", "subject": "样例", "mail": "样例", "reason": WHY},
    "/staff/holidays": {"free": "2027-01-01", "working": "", "reason": WHY},
    "/staff/notices": {
        "title": "样例", "text": "样例内容", "kind": "info", "starts": "2026-11-21T00:00", "ends": "2026-12-21T00:00",
    },
    "/staff/rules/draft/publish": {"effective": "2026-12-21T10:00", "reason": WHY},
    "/staff/rules/draft": {"text": "x = 1", "revision": "0"},
    "/staff/seals/{id}": {"retire_reason": WHY},
    "/staff/seals": {"fingerprint": "c3" * 32, "reason": WHY, "why": WHY},
    "/staff/paper/place": {"barcode": "BOX-0001", "location": "L-A1-01-01-01-01"},
    "/staff/paper/places": {"room": "A1", "rack": "1", "column": "1", "tier": "1", "place": "1"},
    "/staff/paper/handovers": {"unit": "样例科", "barcode": "BOX-0003", "kind": "box", "title": "样例", "pages": "1",
                               "parts": USCC},
    "/staff/paper/loans": {"barcode": "BOX-0001", "borrower": "虚构丙", "unit": "样例科", "purpose": "核对",
                           "reason": WHY},
    "/staff/paper/destructions": {"barcode": "BOX-0001", "reason": WHY, "on": "2026-11-20"},
    "/staff/government/checks": {"check": "fine", "text": WHY},
    "/staff/government/batches": {"answer": "no", "note": WHY},
    "/staff/government/{key}/access": {"kind": "other", "reach": "listed", "usccs": USCC, "until": "2026-12-31",
                                       "reason": WHY},
    "/staff/government/{key}/users": {"login": "wang.keyuan", "user_name": "样例科员", "user_reason": WHY,
                                      "do": "shut"},
    "/staff/government": _NEW_UNIT,
    "/staff/copies": {"reason": WHY},
}  # fmt: skip
