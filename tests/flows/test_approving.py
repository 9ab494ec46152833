"""Four eyes: nothing changes on one person's word, nobody approves their own change, two answers at once are one."""

import asyncio
from typing import Any

import pytest

from conf.errors import Conflict, Invalid, NotFound
from conf.rights import ACTIONS, ADMINISTRATORS, ROLES, Action, is_apart, may
from conf.terms import ProposalKind, ProposalStatus, StaffRole
from handlers.flows import approving, staffing
from handlers.flows.effects import EFFECTS
from store.records import Staff
from store.records.office import Proposal
from tests.desk import TRACE, Desk


def person(desk: Desk, login: str, *roles: StaffRole) -> Staff:
    made: staffing.NewStaff = desk.run(staffing.create_staff(desk.store, login=login, name=f"样例{login}", roles=roles))
    return made.staff


@pytest.fixture
def people(desk: Desk) -> dict[str, Staff]:
    return {
        "keeper": person(desk, "a.keeper", StaffRole.SYSTEM_ADMIN),
        "second": person(desk, "b.second", StaffRole.SECURITY_ADMIN),
        "auditor": person(desk, "c.auditor", StaffRole.AUDITOR),
        "reviewer": person(desk, "d.reviewer", StaffRole.REVIEWER),
    }


def proposed(desk: Desk, people: dict[str, Staff], *, by: str = "keeper", after: Any = ("archivist",)) -> Proposal:
    who = people["reviewer"]
    made: Proposal = desk.run(
        approving.propose(
            desk.store, ProposalKind.STAFF_ROLES, about=who.id, title=f"{who.name} 的角色",
            before={"roles": ["reviewer"]}, after={"roles": list(after)}, reason="岗位调整", by=people[by],
            now=desk.clock(), trace=TRACE,
        )
    )  # fmt: skip
    return made


def answered(desk: Desk, proposal: Proposal, by: Staff, *, is_yes: bool = True, note: str = "") -> Proposal:
    settled: Proposal = desk.run(
        approving.answer(desk.store, proposal.id, is_yes=is_yes, note=note, by=by, now=desk.clock(), trace=TRACE)
    )
    return settled


def roles_of(desk: Desk, who: Staff) -> frozenset[StaffRole]:
    return desk.run(desk.store.staff.by_id(who.id)).roles


def test_a_change_holds_only_when_another_has_approved_it(desk: Desk, people: dict[str, Staff]) -> None:
    proposal = proposed(desk, people)
    assert roles_of(desk, people["reviewer"]) == {StaffRole.REVIEWER}
    assert answered(desk, proposal, people["second"]).status is ProposalStatus.APPROVED
    assert roles_of(desk, people["reviewer"]) == {StaffRole.ARCHIVIST}


@pytest.mark.parametrize(
    ("by", "says"), [("keeper", approving.OWN), ("auditor", approving.RIGHT), ("reviewer", approving.RIGHT)]
)
def test_whoever_may_not_approve_is_told_which_rule(desk: Desk, people: dict[str, Staff], by: str, says: str) -> None:
    proposal = proposed(desk, people)
    with pytest.raises(Invalid) as caught:
        answered(desk, proposal, people[by])
    assert caught.value.fields == {"right": says}
    assert roles_of(desk, people["reviewer"]) == {StaffRole.REVIEWER}


def test_nobody_approves_what_was_asked_for_their_own_account(desk: Desk, people: dict[str, Staff]) -> None:
    """A colleague asks, the person themself would say yes: that is one person's word for their own rights."""
    about = people["second"]
    proposal = desk.run(
        approving.propose(
            desk.store, ProposalKind.STAFF_ROLES, about=about.id, title="角色", before={"roles": ["security_admin"]},
            after={"roles": ["system_admin"]}, reason="岗位调整", by=people["keeper"], now=desk.clock(), trace=TRACE,
        )
    )  # fmt: skip
    with pytest.raises(Invalid) as caught:
        answered(desk, proposal, about)
    assert caught.value.fields == {"right": approving.ABOUT_SELF}
    other = person(desk, "e.another", StaffRole.SECURITY_ADMIN)
    answered(desk, proposal, other)
    assert roles_of(desk, about) == {StaffRole.SYSTEM_ADMIN}


def test_declined_or_withdrawn_it_changes_nothing_and_is_over(desk: Desk, people: dict[str, Staff]) -> None:
    proposal = proposed(desk, people)
    with pytest.raises(Invalid):
        answered(desk, proposal, people["second"], is_yes=False)
    assert answered(desk, proposal, people["second"], is_yes=False, note="理由不足").status is ProposalStatus.DECLINED
    with pytest.raises(Conflict):
        answered(desk, proposal, people["second"])
    another = proposed(desk, people)
    back = approving.withdraw(desk.store, another.id, by=people["keeper"], now=desk.clock(), trace=TRACE)
    assert desk.run(back).status is ProposalStatus.WITHDRAWN
    assert roles_of(desk, people["reviewer"]) == {StaffRole.REVIEWER}


def test_only_ones_own_can_be_taken_back(desk: Desk, people: dict[str, Staff]) -> None:
    proposal = proposed(desk, people)
    with pytest.raises(Invalid):
        desk.run(approving.withdraw(desk.store, proposal.id, by=people["second"], now=desk.clock(), trace=TRACE))


def test_two_answers_at_the_same_moment_are_one(desk: Desk, people: dict[str, Staff]) -> None:
    proposal, other = proposed(desk, people), person(desk, "e.second", StaffRole.SECURITY_ADMIN)

    async def both() -> list[Any]:
        answers = [
            approving.answer(desk.store, proposal.id, is_yes=True, note="", by=by, now=desk.clock(), trace=TRACE)
            for by in (people["second"], other)
        ]
        return await asyncio.gather(*answers, return_exceptions=True)

    ended = desk.run(both())
    assert sorted(type(each).__name__ for each in ended) == ["Conflict", "Proposal"]


def test_one_thing_has_one_open_proposal(desk: Desk, people: dict[str, Staff]) -> None:
    proposed(desk, people)
    with pytest.raises(Conflict):
        proposed(desk, people, after=())


def test_roles_that_must_be_apart_are_not_given_even_if_approved(desk: Desk, people: dict[str, Staff]) -> None:
    proposal = proposed(desk, people, after=("auditor", "reviewer"))
    with pytest.raises(Conflict):
        answered(desk, proposal, people["second"])
    assert roles_of(desk, people["reviewer"]) == {StaffRole.REVIEWER}
    with pytest.raises(Invalid):
        person(desk, "f.both", StaffRole.SYSTEM_ADMIN, StaffRole.AUDITOR)


def test_without_reason_change_or_right_there_is_no_proposal(desk: Desk, people: dict[str, Staff]) -> None:
    async def propose(**given: Any) -> Proposal:
        values = {"after": {"roles": []}, "reason": "离岗", "by": people["keeper"]} | given
        return await approving.propose(
            desk.store, ProposalKind.STAFF_ROLES, about="x", title="样例", before={"roles": ["reviewer"]},
            now=desk.clock(), trace=TRACE, **values,
        )  # fmt: skip

    for given, field in (
        ({"reason": " "}, "reason"),
        ({"after": {"roles": ["reviewer"]}}, "after"),
        ({"by": people["second"]}, "right"),
    ):
        with pytest.raises(Invalid) as caught:
            desk.run(propose(**given))
        assert set(caught.value.fields) == {field}
    with pytest.raises(NotFound):
        desk.run(desk.store.proposals.by_id("nothing"))


def test_the_three_administrators_share_no_right_that_would_undo_them() -> None:
    """等保 三员分立: who keeps accounts neither reads the audit nor approves; the auditor changes nothing."""
    keeper, second, auditor = (ROLES[role].actions for role in (
        StaffRole.SYSTEM_ADMIN, StaffRole.SECURITY_ADMIN, StaffRole.AUDITOR))  # fmt: skip
    assert Action.AUDIT_READ not in keeper | second
    assert auditor == {Action.AUDIT_READ, Action.NUMBERS_READ}
    for effect in EFFECTS.values():
        for role in ROLES.values():
            if effect.propose in role.actions and effect.approve in role.actions:
                assert role is not ROLES[StaffRole.SYSTEM_ADMIN]
                assert role is not ROLES[StaffRole.SECURITY_ADMIN]
    assert not any(is_apart({one, other}) for one in ADMINISTRATORS for other in StaffRole if one is not other)


def test_every_action_is_named_and_somebody_may_do_it() -> None:
    assert set(ACTIONS) == set(Action)
    for action in Action:
        assert any(may([role], action) for role in StaffRole), action
