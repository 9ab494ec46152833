"""Proofs across a lawful trim: files handed out before hold, what remains is proven anew, the live check holds."""

import json
from pathlib import Path
from typing import Any

import pytest

from conf.errors import NotFound
from conf.settings import Settings
from handlers.flows import audit_files, auditing, retention
from handlers.flows.evidence import keep_checkpoint
from store.audit_proofs import BLOCK
from store.records.audit import AuditProof
from tests.desk import TRACE, Desk
from tests.store.things import an_event

#: Trimmed inside the second block of leaves; what remains ends inside the third.
OLD, YOUNG = BLOCK + 176, BLOCK - 120


@pytest.fixture
def here(desk: Desk, tmp_path: Path) -> Settings:
    return desk.settings.model_copy(update={"var_dir": tmp_path})


def write(desk: Desk, events: int) -> None:
    """So many events, in transactions of a few hundred, and placed."""

    async def work(tx: Any, count: int) -> None:
        for number in range(count):
            await desk.store.audit.append(**an_event(number), tx=tx)

    for at in range(0, events, 400):
        desk.run(desk.store.atomically(lambda tx, at=at: work(tx, min(400, events - at))))  # type: ignore[misc]
    while desk.run(desk.store.audit.sequence("p")):
        pass


def sign(desk: Desk, here: Settings) -> None:
    desk.clock.forward(minutes=2)
    assert desk.run(keep_checkpoint(desk.store, desk.keys, here.var_dir, clock=desk.clock))


def proof_at(desk: Desk, position: int) -> AuditProof:
    [event] = desk.run(desk.store.audit.events(from_position=position, batch=1))
    proof = desk.run(auditing.prove(desk.store, event.id, trace=TRACE))
    assert proof is not None
    assert proof.event.position == position
    return proof


def as_file(desk: Desk, proof: AuditProof) -> bytes:
    return json.dumps(audit_files.proof_file(proof, desk.keys)).encode()


def test_proofs_old_and_new_and_the_live_check_hold_across_a_trim(desk: Desk, here: Settings) -> None:
    key = audit_files.published_key(desk.keys)["public_key"]
    write(desk, OLD)
    sign(desk, here)
    first = proof_at(desk, 7)
    old_files = [as_file(desk, first), as_file(desk, proof_at(desk, BLOCK + 3))]
    desk.clock.forward(days=here.retention_audit_days + 1)
    write(desk, YOUNG)
    sign(desk, here)
    young_file = as_file(desk, proof_at(desk, OLD + 20))
    removed = desk.run(retention.keep_terms(desk.store, here, desk.keys, now=desk.clock())).events
    assert removed == OLD
    for file in (*old_files, young_file):
        assert audit_files.verify_proof(file, key).is_valid, "it needs nothing that is stored here"
    with pytest.raises(NotFound):
        desk.run(auditing.prove(desk.store, first.event.id))
    desk.run(desk.store.audit_proofs.forget())  # worked out anew from what is left
    for position in (OLD, OLD + 20, 2 * BLOCK - 1, 2 * BLOCK, OLD + YOUNG - 1):
        assert audit_files.verify_proof(as_file(desk, proof_at(desk, position)), key).is_valid
    assert as_file(desk, proof_at(desk, OLD + 20)) == young_file, "the same proof as before the trim"
    assert live_check(desk, here) == ("whole", None)


def live_check(desk: Desk, here: Settings) -> tuple[str, int | None]:
    """The check an auditor asks for, to its end."""
    inspector = auditing.Inspector(store=desk.store, keys=desk.keys, var_dir=here.var_dir, clock=desk.clock)

    async def checked() -> Any:
        id, task = await auditing.begin_check(inspector, asked_by="auditor", trace=TRACE)
        assert task is not None
        await task
        return await desk.store.audit_checks.by_id(id)

    found = desk.run(checked())
    return found.status.value, found.first_bad


def test_the_live_check_finds_an_edit_behind_a_trim(desk: Desk, here: Settings) -> None:
    write(desk, 40)
    sign(desk, here)
    desk.clock.forward(days=here.retention_audit_days + 1)
    write(desk, 30)
    sign(desk, here)
    assert desk.run(retention.keep_terms(desk.store, here, desk.keys, now=desk.clock())).events == 40
    desk.run(desk.store._base["audit_events"].update_one({"position": 55}, {"$set": {"subject": "edited"}}))
    assert live_check(desk, here) == ("broken", 55)
