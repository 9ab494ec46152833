"""The parts of the store, one a question of the domain, each made when first asked for. Base of store.Store."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from store.connection import Base

if TYPE_CHECKING:  # each part is imported when first used: a command that needs one does not load all
    from store.accounts import Accounts
    from store.audit import Audit
    from store.audit_checks import AuditChecks
    from store.audit_proofs import AuditProofs
    from store.audit_search import AuditSearch
    from store.backups import Backups
    from store.codes import Codes
    from store.companies import Companies
    from store.copies import Copies
    from store.differences import Differences
    from store.dossiers import Dossiers
    from store.followups import FollowUps
    from store.front_notices import FrontNotices
    from store.government import Batches, Cases, Units, UnitUsers
    from store.inbox import Inbox
    from store.inspections import Inspections
    from store.investment import Investment
    from store.jobs import Jobs
    from store.leases import Leases
    from store.licence_scans import LicenceScans
    from store.limits import Limits
    from store.links import Links
    from store.live import LiveState
    from store.move_outs import MoveOuts
    from store.numbers import Numbers
    from store.orders import Orders
    from store.outbox import Outbox
    from store.paper import Paper
    from store.proposals import Proposals
    from store.ratings import Ratings
    from store.recount import Recounter
    from store.retention import Retention
    from store.reviews import Reviews
    from store.rule_sets import RuleSets
    from store.scans import Scans
    from store.seals import Seals
    from store.sessions import Sessions
    from store.signatories import Signatories
    from store.staff import StaffRegister
    from store.tasks import Tasks
    from store.terminals import Terminals
    from store.tuned import TunedValues


class Parts:
    """What `store.<part>` is; a part lives as long as the store."""

    _base: Base

    @cached_property
    def companies(self) -> Companies:
        from store.companies import Companies

        return Companies(self._base)

    @cached_property
    def dossiers(self) -> Dossiers:
        from store.dossiers import Dossiers

        return Dossiers(self._base)

    @cached_property
    def scans(self) -> Scans:
        from store.scans import Scans

        return Scans(self._base)

    @cached_property
    def seals(self) -> Seals:
        from store.seals import Seals

        return Seals(self._base)

    @cached_property
    def accounts(self) -> Accounts:
        from store.accounts import Accounts

        return Accounts(self._base)

    @cached_property
    def links(self) -> Links:
        from store.links import Links

        return Links(self._base)

    @cached_property
    def sessions(self) -> Sessions:
        from store.sessions import Sessions

        return Sessions(self._base)

    @cached_property
    def codes(self) -> Codes:
        from store.codes import Codes

        return Codes(self._base)

    @cached_property
    def orders(self) -> Orders:
        from store.orders import Orders

        return Orders(self._base)

    @cached_property
    def reviews(self) -> Reviews:
        from store.reviews import Reviews

        return Reviews(self._base)

    @cached_property
    def tasks(self) -> Tasks:
        from store.tasks import Tasks

        return Tasks(self._base)

    @cached_property
    def move_outs(self) -> MoveOuts:
        from store.move_outs import MoveOuts

        return MoveOuts(self._base)

    @cached_property
    def copies(self) -> Copies:
        from store.copies import Copies

        return Copies(self._base)

    @cached_property
    def paper(self) -> Paper:
        from store.paper import Paper

        return Paper(self._base)

    @cached_property
    def proposals(self) -> Proposals:
        from store.proposals import Proposals

        return Proposals(self._base)

    @cached_property
    def ratings(self) -> Ratings:
        from store.ratings import Ratings

        return Ratings(self._base)

    @cached_property
    def followups(self) -> FollowUps:
        from store.followups import FollowUps

        return FollowUps(self._base)

    @cached_property
    def outbox(self) -> Outbox:
        from store.outbox import Outbox

        return Outbox(self._base)

    @cached_property
    def inbox(self) -> Inbox:
        from store.inbox import Inbox

        return Inbox(self._base)

    @cached_property
    def staff(self) -> StaffRegister:
        from store.staff import StaffRegister

        return StaffRegister(self._base)

    @cached_property
    def terminals(self) -> Terminals:
        from store.terminals import Terminals

        return Terminals(self._base)

    @cached_property
    def audit(self) -> Audit:
        from store.audit import Audit

        return Audit(self._base)

    @cached_property
    def audit_checks(self) -> AuditChecks:
        from store.audit_checks import AuditChecks

        return AuditChecks(self._base)

    @cached_property
    def audit_proofs(self) -> AuditProofs:
        from store.audit_proofs import AuditProofs

        return AuditProofs(self._base)

    @cached_property
    def audit_search(self) -> AuditSearch:
        from store.audit_search import AuditSearch

        return AuditSearch(self._base)

    @cached_property
    def leases(self) -> Leases:
        from store.leases import Leases

        return Leases(self._base)

    @cached_property
    def limits(self) -> Limits:
        from store.limits import Limits

        return Limits(self._base)

    @cached_property
    def backups(self) -> Backups:
        from store.backups import Backups

        return Backups(self._base)

    @cached_property
    def retention(self) -> Retention:
        from store.retention import Retention

        return Retention(self._base)

    @cached_property
    def jobs(self) -> Jobs:
        from store.jobs import Jobs

        return Jobs(self._base)

    @cached_property
    def inspections(self) -> Inspections:
        from store.inspections import Inspections

        return Inspections(self._base)

    @cached_property
    def differences(self) -> Differences:
        from store.differences import Differences

        return Differences(self._base)

    @cached_property
    def licence_scans(self) -> LicenceScans:
        from store.licence_scans import LicenceScans

        return LicenceScans(self._base)

    @cached_property
    def live(self) -> LiveState:
        from store.live import LiveState

        return LiveState(self._base)

    @cached_property
    def tuned(self) -> TunedValues:
        from store.tuned import TunedValues

        return TunedValues(self._base)

    @cached_property
    def rule_sets(self) -> RuleSets:
        from store.rule_sets import RuleSets

        return RuleSets(self._base)

    @cached_property
    def front_notices(self) -> FrontNotices:
        from store.front_notices import FrontNotices

        return FrontNotices(self._base)

    @cached_property
    def signatories(self) -> Signatories:
        from store.signatories import Signatories

        return Signatories(self._base)

    @cached_property
    def units(self) -> Units:
        from store.government import Units

        return Units(self._base)

    @cached_property
    def unit_users(self) -> UnitUsers:
        from store.government import UnitUsers

        return UnitUsers(self._base)

    @cached_property
    def organ_cases(self) -> Cases:
        from store.government import Cases

        return Cases(self._base)

    @cached_property
    def batches(self) -> Batches:
        from store.government import Batches

        return Batches(self._base)

    @cached_property
    def numbers(self) -> Numbers:
        from store.numbers import Numbers

        return Numbers(self._base)

    @cached_property
    def recounter(self) -> Recounter:
        from store.recount import Recounter

        return Recounter(self._base)

    @cached_property
    def investment(self) -> Investment:
        from store.investment import Investment

        return Investment(self._base)
