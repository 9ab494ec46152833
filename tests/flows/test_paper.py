"""Papers: received by two people, put away by barcode, lent once, destroyed after two approvals only."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pytest

from conf.errors import Conflict, Invalid
from conf.terms import (
    CompanyStatus,
    DestructionStatus,
    HandoverStatus,
    OutboxKind,
    ProposalStatus,
    StaffRole,
    VolumeState,
)
from conf.texts import text_of
from handlers.flows import (
    approving,
    notices,
    paper_destruction,
    paper_handover,
    paper_loans,
    paper_shelves,
)
from handlers.flows.paper_handover import VolumeForm
from handlers.flows.paper_loans import LoanForm
from handlers.flows.paper_terms import kept_until
from store.records import Staff
from store.records.office import Proposal
from store.records.paper import Destruction, Handover, Loan, Volume
from tests.access import cases
from tests.desk import TRACE, Desk

BOX, OTHER = "BOX-0001", "BOX-0002"


@dataclass
class Room:
    """The paper room: people at work in it and short ways to what they do."""

    desk: Desk
    people: dict[str, Staff]

    def do(self, call: Callable[..., Any], *args: Any, by: str = "", **given: Any) -> Any:
        who = {"by": self.people[by]} if by else {}
        return self.desk.run(call(self.desk.store, *args, now=self.desk.clock(), trace=TRACE, **who, **given))

    def handed(self, *barcodes: str) -> Handover:
        """A list that was sent, with these boxes on it."""
        made: Handover = self.do(paper_handover.begin, "天河区登记注册科", by="one")
        for barcode in barcodes:
            form = VolumeForm(barcode=barcode, title="登记档案", pages="120", parts=f"{cases.USCC} 1-2")
            self.do(paper_handover.add_volume, made.id, form, by="one")
        sent: Handover = self.do(paper_handover.send, made.id, by="one")
        return sent

    def kept(self, *barcodes: str) -> None:
        """Boxes received whole."""
        sent = self.handed(*barcodes)
        for barcode in barcodes:
            self.do(paper_handover.check, sent.id, barcode, "present", "", by="two")
        self.do(paper_handover.receive, sent.id, by="two")
        self.do(paper_handover.close, sent.id, by="two")

    def volume(self, barcode: str = BOX) -> Volume:
        found: Volume = self.desk.run(self.desk.store.paper.volume(barcode))
        return found

    def lend(self, barcode: str = BOX, **changes: Any) -> Loan:
        form = LoanForm(
            barcode=barcode, borrower="虚构甲", unit="执法监督科", mail="jie.yue@example.com", purpose="核对章程原件",
            approver=self.people["two"].id,
        )  # fmt: skip
        form = replace(form, **changes)
        loan: Loan = self.do(paper_loans.lend, self.desk.settings, form, by="one")
        return loan

    def ended(self, status: CompanyStatus = CompanyStatus.CANCELLED, *, years: int = 21, locked: bool = False) -> None:
        """The company of the boxes ended so many years ago."""
        on = date(self.desk.clock().year - years, 1, 5)
        gone = self.desk.company(status=status, ended_on=on, locked=locked)
        self.desk.run(self.desk.store.companies.put(gone))

    def listed(self, *barcodes: str) -> Destruction:
        made: Destruction = self.do(paper_destruction.begin, self.desk.settings, "期满，无继续保存价值", by="one")
        for barcode in barcodes:
            made = self.do(paper_destruction.put_on, made.id, barcode, by="one")
        return made

    def answer(self, proposal: Proposal, by: str, *, is_yes: bool = True) -> Proposal:
        note = "" if is_yes else "再鉴定"
        answered: Proposal = self.do(approving.answer, proposal.id, is_yes=is_yes, note=note, by=by)
        return answered

    def list(self, no: str) -> Destruction:
        found: Destruction = self.desk.run(self.desk.store.paper.one(Destruction, no))
        return found


@pytest.fixture
def room(desk: Desk) -> Room:
    roles = {name: StaffRole.ARCHIVIST for name in ("one", "two", "three", "four")} | {
        "reader": StaffRole.STATISTICS,
        "five": StaffRole.REVIEWER,
    }
    people = {
        name: desk.run(
            desk.store.staff.create(
                login=f"d.{name}", name=f"样例{name}", roles=frozenset({role}), password_hash="x", totp_secret="x"
            )
        )
        for name, role in roles.items()
    }
    return Room(desk, people)


def refused(room: Room, call: Callable[..., Any], *args: Any, **given: Any) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        room.do(call, *args, **given)
    return caught.value.fields


# -- handover


def test_a_list_goes_from_one_person_to_another_and_every_box_is_checked(room: Room) -> None:
    sent = room.handed(BOX, OTHER, "BOX-0003")
    assert refused(room, paper_handover.check, sent.id, BOX, "present", "", by="one") == {
        "person": paper_handover.SAME_PERSON
    }
    assert refused(room, paper_handover.receive, sent.id, by="one") == {"person": paper_handover.SAME_PERSON}
    room.do(paper_handover.check, sent.id, BOX, "present", "", by="two")
    assert refused(room, paper_handover.receive, sent.id, by="two") == {"list": paper_handover.UNCHECKED}
    assert set(refused(room, paper_handover.check, sent.id, OTHER, "damaged", " ", by="two")) == {"note"}
    room.do(paper_handover.check, sent.id, OTHER, "damaged", "封面脱落", by="two")
    room.do(paper_handover.check, sent.id, "BOX-0003", "missing", "", by="two")
    received = room.do(paper_handover.receive, sent.id, by="two")
    assert received.status is HandoverStatus.RECEIVED
    assert room.volume().state is VolumeState.ANNOUNCED
    assert room.do(paper_handover.close, sent.id, by="three").status is HandoverStatus.CLOSED
    assert [room.volume(each).state for each in (BOX, OTHER, "BOX-0003")] == [
        VolumeState.KEPT, VolumeState.KEPT, VolumeState.MISSING,
    ]  # fmt: skip
    assert room.volume(OTHER).check_note == "封面脱落"
    assert room.desk.run(room.desk.tags()).count("paper:handover:moved") == 4


def test_nothing_is_put_on_or_taken_off_a_list_that_was_sent(room: Room) -> None:
    sent = room.handed(BOX)
    form = VolumeForm(barcode=OTHER, title="登记档案", pages="1", parts=cases.USCC)
    for call, args in (
        (paper_handover.add_volume, (form,)), (paper_handover.send, ()), (paper_handover.close, ()),
    ):  # fmt: skip
        with pytest.raises(Conflict):
            room.do(call, sent.id, *args, by="one")
    with pytest.raises(Conflict):
        room.do(paper_handover.drop_volume, sent.id, BOX)
    assert room.volume(OTHER) is None
    with pytest.raises(Invalid):
        room.do(paper_handover.send, room.do(paper_handover.begin, "空清单科", by="one").id, by="one")


def test_a_barcode_stands_for_one_box(room: Room) -> None:
    room.handed(BOX)
    again = room.do(paper_handover.begin, "另一科室", by="one")
    form = VolumeForm(barcode=BOX, title="登记档案", pages="9", parts=cases.USCC)
    with pytest.raises(Conflict):
        room.do(paper_handover.add_volume, again.id, form, by="one")
    assert room.desk.run(room.desk.store.paper.one(Handover, again.id)).volumes == 0


def test_what_lies_in_a_box_is_looked_up(room: Room) -> None:
    made = room.do(paper_handover.begin, "登记注册科", by="one")
    good = VolumeForm(title="登记档案", pages="9", parts=cases.USCC)
    volume = room.do(paper_handover.add_volume, made.id, good, by="one")
    assert volume.id.startswith("V2")
    assert [(part.uscc, part.filings) for part in volume.parts] == [(cases.USCC, (1, 2))]
    for changes, field in (
        ({"barcode": "L-A1-01-01-01-01"}, "barcode"), ({"title": ""}, "title"), ({"pages": "0"}, "pages"),
        ({"kind": "bag"}, "kind"), ({"parts": ""}, "parts"), ({"parts": "91440101MA5AXXXXXX"}, "parts"),
        ({"parts": f"{cases.USCC} 7"}, "parts"), ({"parts": f"{cases.USCC} 2-1"}, "parts"),
        ({"parts": f"{cases.USCC}\n{cases.USCC}"}, "parts"),
    ):  # fmt: skip
        faults = refused(room, paper_handover.add_volume, made.id, replace(good, **changes), by="one")
        assert set(faults) == {field}, changes


# -- shelves


def test_a_box_is_put_away_moved_and_found(room: Room) -> None:
    room.kept(BOX)
    spans = {"rack": "1-2", "column": "1", "tier": "1-3", "place": "1-4"}
    made = room.do(paper_shelves.make_places, "a1", spans)
    assert len(made) == 24
    assert made[0].id == "L-A1-01-01-01-01"
    with pytest.raises(Conflict):
        room.do(paper_shelves.make_places, "A1", spans | {"rack": "2-3"})
    assert len(room.desk.run(room.desk.store.paper.places())) == 24, "all or none"
    room.do(paper_shelves.put_away, " box-0001 ", "l-a1-01-01-01-01", by="one")
    moved = room.do(paper_shelves.put_away, BOX, made[5].id, by="two")
    assert moved.location == made[5].id
    for asked in (BOX, cases.USCC, cases.company().name, made[5].id):
        assert [one.id for one in room.desk.run(paper_shelves.find(room.desk.store, asked))] == [BOX], asked
    assert room.desk.run(paper_shelves.find(room.desk.store, made[0].id)) == ()
    assert set(refused(room, paper_shelves.put_away, BOX, "L-Z9-01-01-01-01", by="one")) == {"location"}
    assert set(refused(room, paper_shelves.put_away, "NOBODY", made[0].id, by="one")) == {"barcode"}
    assert set(refused(room, paper_shelves.make_places, "", dict.fromkeys(spans, "0"))) == {"room", *spans}
    assert set(refused(room, paper_shelves.make_places, "B", dict.fromkeys(spans, "1-9"))) == {"place"}
    # 96 million places: once they were all made before they were counted, and the service was gone
    assert "96059601" in refused(room, paper_shelves.make_places, "B", dict.fromkeys(spans, "1-99"))["place"]


def test_what_is_not_here_is_not_put_away(room: Room) -> None:
    room.do(paper_shelves.make_places, "A1", dict.fromkeys(("rack", "column", "tier", "place"), "1"))
    room.handed(OTHER)
    room.kept(BOX)
    room.lend()
    for barcode in (OTHER, BOX):
        assert set(refused(room, paper_shelves.put_away, barcode, "L-A1-01-01-01-01", by="one")) == {"barcode"}


# -- loans


def test_a_box_out_is_not_lent_again_until_it_is_back(room: Room) -> None:
    room.kept(BOX)
    loan = room.lend()
    with pytest.raises(Invalid) as caught:
        room.lend()
    assert caught.value.fields == {"barcode": paper_loans.OUT}
    assert set(refused(room, paper_loans.give_back, loan.id, "", "", by="two")) == {"condition"}
    assert set(refused(room, paper_loans.give_back, loan.id, "incomplete", "", by="two")) == {"note"}
    back = room.do(paper_loans.give_back, loan.id, "incomplete", "缺第 3 页", by="two")
    assert not back.is_out
    with pytest.raises(Conflict):
        room.do(paper_loans.give_back, loan.id, "good", "", by="two")
    assert "缺第 3 页" in [entry.note for entry in room.volume().history]
    assert room.lend().id != loan.id


def test_two_who_lend_the_same_box_at_once_lend_it_once(room: Room) -> None:
    room.kept(BOX)
    store, settings, now = room.desk.store, room.desk.settings, room.desk.clock()
    form = LoanForm(barcode=BOX, borrower="虚构甲", unit="执法科", purpose="核对", approver=room.people["five"].id)

    async def both() -> list[Any]:
        calls = [
            paper_loans.lend(store, settings, form, by=room.people[by], now=now, trace=TRACE) for by in ("one", "two")
        ]
        return await asyncio.gather(*calls, return_exceptions=True)

    ended = room.desk.run(both())
    assert sorted(type(each).__name__ for each in ended) in (["Conflict", "Loan"], ["Invalid", "Loan"])
    assert len(room.desk.run(store.paper.loans_out())) == 1


def test_a_loan_needs_another_person_who_may_approve_it(room: Room) -> None:
    room.kept(BOX)
    for name in ("one", "reader"):
        with pytest.raises(Invalid) as caught:
            room.lend(approver=room.people[name].id)
        assert caught.value.fields == {"approver": paper_loans.SAME_PERSON}
    with pytest.raises(Invalid) as caught:
        room.lend(borrower="", unit=" ", purpose="x", mail="nowhere", barcode="NONE")
    assert set(caught.value.fields) == {"borrower", "unit", "purpose", "mail", "barcode"}
    assert room.volume().state is VolumeState.KEPT


def test_the_term_counts_in_working_days_and_is_extended_once(room: Room) -> None:
    room.kept(BOX)
    loan = room.lend()
    days = (loan.due_at - loan.lent_at).days
    assert days > room.desk.settings.paper_loan_days, "weekends do not count"
    assert set(refused(room, paper_loans.extend, room.desk.settings, loan.id, "", by="one")) == {"reason"}
    longer = room.do(paper_loans.extend, room.desk.settings, loan.id, "案件尚未办结", by="one")
    assert longer.due_at - loan.due_at >= timedelta(days=room.desk.settings.paper_extension_days)
    assert refused(room, paper_loans.extend, room.desk.settings, loan.id, "再延长", by="one") == {
        "reason": paper_loans.ONCE
    }


def test_an_overdue_borrower_is_written_to_once_a_day(room: Room) -> None:
    room.kept(BOX, OTHER)
    loan, silent = room.lend(), room.lend(OTHER, mail="")
    store, clock = room.desk.store, room.desk.clock
    room.desk.run(paper_loans.remind_next(store, now=clock()))
    assert room.desk.run(store.outbox.claim("t", 30)) is None, "not due yet"
    clock.now = loan.due_at + timedelta(hours=2)
    for _ in range(3):
        room.desk.run(paper_loans.remind_next(store, now=clock()))
    message = room.desk.run(store.outbox.claim("t", 30))
    assert message.kind is OutboxKind.MAIL
    assert store.vault.reveal(message.recipient) == "jie.yue@example.com"
    said = text_of(notices.Notice(message.body["notice"])).mail_text(message.body["values"])
    assert loan.id in said[1]
    assert "虚构甲" not in str(message.body)
    room.desk.run(store.outbox.done(message.id, "t"))
    assert room.desk.run(store.outbox.claim("t", 30)) is None, "once a day"
    clock.now += timedelta(days=1)
    room.desk.run(paper_loans.remind_next(store, now=clock()))
    assert room.desk.run(store.outbox.claim("t", 30)) is not None
    assert refused(room, paper_loans.extend, room.desk.settings, loan.id, "来不及归还", by="one") == {
        "reason": paper_loans.TOO_LATE
    }
    assert room.desk.run(store.paper.one(Loan, silent.id)).reminded_on is None
    assert room.desk.run(room.desk.tags()).count("paper:loan:reminded") == 2


def test_a_borrower_is_kept_as_a_secret(room: Room) -> None:
    room.kept(BOX)
    loan = room.lend()

    async def stored() -> str:
        rows = await room.desk.store.paper._loans.find().to_list()
        events = await room.desk.store.audit.events(batch=1000)
        return str(rows) + str(events)

    room.desk.run(room.desk.tags())
    text = room.desk.run(stored())
    assert loan.borrower.masked == "**甲"
    assert "虚构甲" not in text
    assert "jie.yue@" not in text


# -- destruction


def test_a_term_ends_on_the_day_of_the_year() -> None:
    assert kept_until(date(2004, 2, 29), 20) == date(2024, 2, 29)
    assert kept_until(date(2004, 2, 29), 21) == date(2025, 2, 28)


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        ({"status": CompanyStatus.ACTIVE}, "没有注销"),
        ({"status": CompanyStatus.REVOKED}, "没有注销"),
        ({"status": CompanyStatus.MOVED_OUT}, "没有注销"),
        ({"years": 19}, "须保存 20 年"),
        ({"locked": True}, "已锁定"),
    ],
)
def test_papers_that_must_be_kept_are_refused_with_the_rule(room: Room, ended: dict[str, Any], says: str) -> None:
    room.kept(BOX)
    room.ended(**ended)
    made = room.listed()
    assert says in refused(room, paper_destruction.put_on, made.id, BOX, by="one")["barcode"]
    assert room.volume().state is VolumeState.KEPT
    assert room.desk.run(paper_destruction.candidates(room.desk.store, room.desk.settings, room.desk.clock())) == ()


def test_what_is_lent_is_not_listed_and_what_is_listed_is_not_lent(room: Room) -> None:
    room.kept(BOX, OTHER)
    room.ended()
    room.lend()
    made = room.listed()
    assert "已借出" in refused(room, paper_destruction.put_on, made.id, BOX, by="one")["barcode"]
    found = room.desk.run(paper_destruction.candidates(room.desk.store, room.desk.settings, room.desk.clock()))
    assert [one.id for one in found] == [OTHER]
    room.do(paper_destruction.put_on, made.id, OTHER, by="one")
    with pytest.raises(Invalid) as caught:
        room.lend(OTHER)
    assert "销毁清单" in caught.value.fields["barcode"]
    room.do(paper_destruction.take_off, made.id, OTHER, by="one")
    assert room.lend(OTHER).is_out


def test_papers_are_destroyed_after_two_approvals_before_two_witnesses(room: Room) -> None:
    room.kept(BOX, OTHER)
    room.ended()
    made = room.listed(BOX, OTHER)
    proposal = room.do(paper_destruction.propose, made.id, by="one")
    assert refused(room, approving.answer, proposal.id, is_yes=True, note="", by="one") == {"right": approving.OWN}
    assert set(refused(room, approving.answer, proposal.id, is_yes=True, note="", by="reader")) == {"right"}
    assert room.answer(proposal, "two").status is ProposalStatus.OPEN
    assert room.list(made.id).status is DestructionStatus.PROPOSED
    assert refused(room, approving.answer, proposal.id, is_yes=True, note="", by="two") == {"right": approving.TWICE}
    day, ids = room.desk.clock().date().isoformat(), {name: one.id for name, one in room.people.items()}
    with pytest.raises(Conflict):
        room.do(paper_destruction.execute, made.id, day, [ids["two"], ids["five"]], by="one")
    assert room.answer(proposal, "five").status is ProposalStatus.APPROVED
    assert room.list(made.id).approvers == ("样例two", "样例five")
    for present in ([ids["two"]], [ids["two"], ids["two"]], [ids["one"], ids["two"]]):
        assert set(refused(room, paper_destruction.execute, made.id, day, present, by="one")) == {"witness"}
    for wrong in ("", "2001-01-01", "2999-01-01"):
        present = [ids["two"], ids["four"]]
        assert set(refused(room, paper_destruction.execute, made.id, wrong, present, by="one")) == {"on"}
    done = room.do(paper_destruction.execute, made.id, day, [ids["two"], ids["four"]], by="one")
    assert done.status is DestructionStatus.EXECUTED
    assert done.witnesses == ("样例two", "样例four")
    assert {room.volume(each).state for each in (BOX, OTHER)} == {VolumeState.DESTROYED}
    assert [item.volume_id for item in room.list(made.id).items] == [BOX, OTHER], "kept for good"
    assert room.desk.run(room.desk.tags())[-1] == "paper:destruction:moved"


def test_a_company_locked_meanwhile_stops_the_second_approval_and_the_destruction(room: Room) -> None:
    room.kept(BOX)
    room.ended()
    made = room.listed(BOX)
    proposal = room.do(paper_destruction.propose, made.id, by="one")
    room.answer(proposal, "two")
    room.ended(locked=True)
    assert "已锁定" in refused(room, approving.answer, proposal.id, is_yes=True, note="", by="three")["right"]
    assert room.list(made.id).status is DestructionStatus.PROPOSED
    room.ended()
    room.answer(proposal, "three")
    room.ended(locked=True)
    ids = [room.people[name].id for name in ("two", "three")]
    day = room.desk.clock().date().isoformat()
    assert "已锁定" in refused(room, paper_destruction.execute, made.id, day, ids, by="one")["right"]
    assert room.volume().state is VolumeState.LISTED


def test_a_list_turned_down_is_written_anew(room: Room) -> None:
    room.kept(BOX)
    room.ended()
    made = room.listed()
    assert set(refused(room, paper_destruction.propose, made.id, by="one")) == {"list"}
    room.do(paper_destruction.put_on, made.id, BOX, by="one")
    proposal = room.do(paper_destruction.propose, made.id, by="one")
    for call, args in (
        (paper_destruction.reopen, ()), (paper_destruction.take_off, (BOX,)), (paper_destruction.propose, ()),
    ):  # fmt: skip
        with pytest.raises(Conflict):
            room.do(call, made.id, *args, by="one")
    room.answer(proposal, "two", is_yes=False)
    assert room.do(paper_destruction.reopen, made.id, by="one").status is DestructionStatus.DRAFT
    room.do(paper_destruction.take_off, made.id, BOX, by="one")
    assert room.volume().state is VolumeState.KEPT


def test_two_who_list_the_same_box_at_once_list_it_once(room: Room) -> None:
    room.kept(BOX)
    room.ended()
    lists = [room.listed().id for _ in range(2)]
    store, now = room.desk.store, room.desk.clock()

    async def both() -> list[Any]:
        calls = [paper_destruction.put_on(store, no, BOX, by=room.people["one"], now=now, trace=TRACE) for no in lists]
        return await asyncio.gather(*calls, return_exceptions=True)

    ended = room.desk.run(both())
    assert sum(isinstance(each, Destruction) for each in ended) == 1
    assert sum(len(room.list(no).items) for no in lists) == 1
