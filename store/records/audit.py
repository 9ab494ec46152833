"""Records of reading the audit: what is searched for, a proof of one event, a check of the whole, looks by visit."""

from datetime import datetime

from conf.terms import AuditFault, AuditTag, Channel, CheckStatus
from store.records import AuditEvent, Checkpoint, record


@record
class AuditQuery:
    """What an auditor looks for; everything given must hold. `who` are keyed hashes, never a number or a name."""

    who: tuple[str, ...] = ()
    uscc: str = ""
    order_no: str = ""  # its copy's number is found with it
    tag: AuditTag | None = None
    outcome: str = ""
    channel: Channel | None = None
    since: datetime | None = None
    until: datetime | None = None  # not included


@record
class AuditBatch:
    """A slice of events, newest first; `after` is the cursor of the next slice, empty at the end."""

    events: tuple[AuditEvent, ...]
    after: str


@record
class AuditProof:
    """That one event stands in the tree a checkpoint signs: RFC 6962 audit path, hex, nearest first."""

    event: AuditEvent
    content: str  # the canonical JSON its leaf is computed of
    checkpoint: Checkpoint
    path: tuple[str, ...]


@record
class AuditCheck:
    """One check of the whole audit, asked for by an auditor; `problem` is for technicians, `fault` for people."""

    id: str
    status: CheckStatus
    asked_by: str  # keyed hash
    started_at: datetime
    updated_at: datetime
    done: int  # events recomputed so far
    size: int  # events there must be
    first_bad: int | None = None
    fault: AuditFault | None = None
    problem: str = ""
    checkpoints: int = 0
