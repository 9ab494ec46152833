"""The auditor's pages: search, export, one event with its proof, the check of the whole tree. Nothing is changed."""

import asyncio
from typing import Any
from urllib.parse import urlencode

from conf.clock import beijing
from conf.errors import Conflict, Invalid, NotFound
from conf.rights import Action
from handlers.copies import disposition
from handlers.flows import audit_files, auditing
from handlers.flows.evidence import checkpoint_file, is_signed, read_checkpoints
from handlers.guards import staff
from handlers.staff import StaffHandler
from handlers.staff.audit_forms import address_of, query_of
from store.audit_checks import is_dead
from store.audit_leaf import key_id_of
from store.records.audit import AuditBatch
from views.contexts.audit import HEADS, AuditEventPage, AuditPage, AuditTreePage, checkpoint_rows, row_of

TITLE = "审计记录"
#: Checkpoints on the page of the tree, and how much of the file's end is read to find their lines.
NEWEST, TAIL = 30, 64 << 10
EVENT = r"([A-Za-z0-9_.-]{1,80})"
#: Checks under way in this process; held so that they are not forgotten in the middle.
_checks: set[asyncio.Task[None]] = set()


class Search(StaffHandler):
    """`/staff/audit`: what is asked stands in the address, a person only as a keyed hash; POST makes that address."""

    @staff(Action.AUDIT_READ)
    async def get(self) -> None:
        given = address_of(self)
        try:
            query = query_of(given)
        except Invalid as fault:
            self._again(given, fault)
            return
        after = self.text("after", max=80)
        found = await auditing.search(self.store, query, after=after, trace=self.audit_context())
        self.show(AuditPage(title=TITLE, given=given, found=found, export_rows=auditing.EXPORT_ROWS))

    @staff(Action.AUDIT_READ)
    async def post(self) -> None:
        given = address_of(self)
        try:
            query_of(given)
        except Invalid as fault:
            self._again(given, fault)
            return
        if entered := self.text("person", max=64):
            given["who"] = ",".join(await auditing.keys_of_person(self.store, entered))
        self.go(f"/staff/audit?{urlencode(given)}" if given else "/staff/audit")

    def _again(self, given: dict[str, str], fault: Invalid) -> None:
        nothing = AuditBatch(events=(), after="")
        page = AuditPage(title=TITLE, given=given, found=nothing, export_rows=auditing.EXPORT_ROWS, errors=fault.fields)
        self.show(page, status=422)


class Export(StaffHandler):
    """`/staff/audit/export`: what was found, as a table for a spreadsheet."""

    @staff(Action.AUDIT_READ)
    async def post(self) -> None:
        query = query_of(address_of(self))
        made = await auditing.export(self.store, query, heads=HEADS, describe=row_of, trace=self.audit_context())
        part = "-部分" if made.is_cut else ""
        name = f"audit-{beijing(self.clock()):%Y%m%d-%H%M}"
        self.set_header("Content-Type", "text/csv; charset=utf-8")
        shown = f"审计记录{name.removeprefix('audit')}{part}.csv"
        self.set_header("Content-Disposition", disposition("attachment", shown, f"{name}.csv"))
        self.finish(made.content)


class Event(StaffHandler):
    """`/staff/audit/events/{id}`: everything the event holds, and where it stands in the signed tree."""

    @staff(Action.AUDIT_READ)
    async def get(self, id: str) -> None:
        event = await auditing.look_at(self.store, id, trace=self.audit_context())
        proof, problem = None, ""
        try:
            proof = await auditing.prove(self.store, id)
        except Conflict:
            problem = "这条记录不能归到已签署的树中：记录、树或检查点被改动过。请到“核验”页全面核验。"
        signed = proof is not None and is_signed(proof.checkpoint, self.keys)
        self.show(AuditEventPage(title="一条审计记录", event=event, proof=proof, signed=signed, problem=problem))


class Proof(StaffHandler):
    """`/staff/audit/events/{id}/proof`: the file an outsider checks; see docs/operating.md."""

    @staff(Action.AUDIT_READ)
    async def get(self, id: str) -> None:
        proof = await auditing.prove(self.store, id, trace=self.audit_context())
        if proof is None:
            raise NotFound("nothing signed yet holds this event")
        named = disposition("attachment", f"审计记录证明-{id}.json", f"audit-proof-{id}.json")
        self.set_header("Content-Disposition", named)
        self.finish(audit_files.proof_file(proof, self.keys))


class Tree(StaffHandler):
    """`/staff/audit/tree`: size, root and checkpoints; POST has everything checked while the page shows how far."""

    @staff(Action.AUDIT_READ)
    async def get(self) -> None:
        audit, now = self.store.audit, self.clock()
        frontier, checks = await audit.frontier(), await self.store.audit_checks.newest(1)
        check = checks[0] if checks else None
        rows, problem = await self._checkpoints()
        self.show(
            AuditTreePage(
                title="审计核验", size=frontier.size, root=frontier.root.hex(), check=check,
                waiting_seconds=await audit.oldest_unsequenced_age(), is_dead=bool(check and is_dead(check, now)),
                rows=rows, file_problem=problem, key_id=key_id_of(self.keys.audit.public_key().public_bytes_raw()),
            )
        )  # fmt: skip

    @staff(Action.AUDIT_READ)
    async def post(self) -> None:
        trace = self.audit_context()
        inspector = auditing.Inspector(store=self.store, keys=self.keys, var_dir=self.conf.var_dir, clock=self.clock)
        _, task = await auditing.begin_check(inspector, asked_by=trace["who"], trace=trace)
        if task is not None:
            _checks.add(task)
            task.add_done_callback(_checks.discard)
        self.go("/staff/audit/tree")

    async def _checkpoints(self) -> tuple[Any, str]:
        """The newest, each beside its line in the file, its signature looked at."""
        stored = await self.store.audit.newest_checkpoints(NEWEST)
        path = checkpoint_file(self.conf.var_dir)
        filed, problem = await asyncio.to_thread(read_checkpoints, path, tail=TAIL)
        signed = {checkpoint: is_signed(checkpoint, self.keys) for checkpoint in {*stored, *filed[-NEWEST:]}}
        return checkpoint_rows(stored, filed[-NEWEST:], signed), problem


ROUTES = [
    (r"/staff/audit", Search),
    (r"/staff/audit/export", Export),
    (r"/staff/audit/tree", Tree),
    (rf"/staff/audit/events/{EVENT}", Event),
    (rf"/staff/audit/events/{EVENT}/proof", Proof),
]
