"""Records of work that follows from the archive itself: tasks visitors gave us, dossiers that moved out."""

from datetime import date, datetime

from conf.terms import PageFault, TaskKind, TaskState
from store.records import Secret, record


@record
class Task:
    """One piece of work with a term the visitor can see. `result` is what the visitor reads at the end."""

    id: str  # TK20261121-7K3M9Q
    kind: TaskKind
    uscc: str
    company_name: str
    document_id: str
    document_title: str
    document_kind: str  # what a visitor may be told of a paper that is not open to them
    page: int  # number within the document, 0 when it is about the whole paper
    fault: PageFault | None
    words: Secret | None  # the visitor's own
    account_id: str
    requester_masked: str
    opened_at: datetime
    due_at: datetime  # the midnight that ends the term
    state: TaskState
    is_open: bool
    holder: str  # staff id, "" while nobody works on it
    holder_name: str
    result: str
    ended_at: datetime | None
    version: int = 0


@record
class MoveOut:
    """A company that moved to another registry, and whether its paper dossier went there (实施细则 Art. 62)."""

    uscc: str
    company_name: str
    registry: str  # the receiving one
    moved_on: date
    due_at: datetime  # the midnight that ends the three months
    noted_by: str
    noted_at: datetime
    is_open: bool
    handed_on: date | None
    letter_no: str  # number of the handover list or letter
    handed_by: str
