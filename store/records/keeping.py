"""Records of keeping the service running: backups and their manifests, jobs of a day or month, inspections."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from store.records import record


@record
class CollectionSum:
    """What a backup holds of one collection: how many documents, their bytes, SHA-256 over them in order (hex)."""

    name: str
    count: int
    size: int
    digest: str


@record
class Manifest:
    """What a backup says of itself, at its end: everything a restore must come to."""

    format: int
    made_at: datetime  # before the snapshot: nothing written earlier is missing
    database: str
    versions: dict[str, Any]  # of MongoDB, Python and the driver that made it
    collections: tuple[CollectionSum, ...]
    left_out: tuple[str, ...]
    damaged: tuple[str, ...]  # digests of files that were damaged in the database already
    audit_size: int
    audit_root: str  # hex, of the tree at that size
    checkpoint_size: int  # of the last signed checkpoint; 0: none
    checkpoint_root: str

    @property
    def documents(self) -> int:
        return sum(each.count for each in self.collections)


@record
class BackupMade:
    """A backup that was made here: when, how large, when it was last proven."""

    id: str
    name: str  # of the file, without folder
    made_at: datetime
    seconds: float
    size: int
    documents: int
    audit_size: int
    digest: str  # SHA-256 of its manifest (hex): names it
    verified_at: datetime | None


@record
class AuditTrim:
    """Events below position `size` were removed when their term was over; `peaks` let the tree go on from there.

    Signed by the audit key, and bound to the signed checkpoint of that size: its root, and the time it was signed.
    """

    size: int
    root: str  # hex, that of the checkpoint
    peaks: tuple[str, ...]  # hex, largest subtree first
    checkpoint_at: datetime
    at: datetime
    tail: tuple[str, ...]  # leaves (hex) of the last block that is not complete, for proofs of events after it
    key_id: str
    signature: str  # base64
    done_at: datetime | None  # None: events are still being removed


@record
class JobRun:
    """The last turn of a job that is due once a period: `period` is a day (2026-11-21) or month (2026-11), Beijing."""

    name: str
    period: str
    owner: str
    until: datetime  # end of the lease
    done_at: datetime | None
    fault: str
    failed_at: datetime | None


class Health(StrEnum):
    GOOD = "good"
    WATCH = "watch"
    BAD = "bad"


@record
class InspectionItem:
    """One line of an inspection: which part, what was found, and what to do when it is not good."""

    part: str
    name: str
    health: Health
    says: str
    advice: str = ""


@record
class Inspection:
    """An inspection report, as stored."""

    id: str
    made_at: datetime
    period: str  # the month it was due for; empty: asked for
    items: tuple[InspectionItem, ...]

    @property
    def health(self) -> Health:
        """The worst of its lines."""
        found = {item.health for item in self.items}
        return next((each for each in (Health.BAD, Health.WATCH) if each in found), Health.GOOD)
