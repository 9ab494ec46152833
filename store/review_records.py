"""Records of a review: who has the order, what was asked for, what the visitor answered. Known as store.records.X."""

from dataclasses import dataclass
from datetime import datetime

from store.secret import Secret


@dataclass(frozen=True, kw_only=True, slots=True)
class AnswerFile:
    """A file the visitor sent with an answer; kept encrypted, shown to reviewers page by page as pictures."""

    sha256: str  # of the file as sent
    kept_as: str  # SHA-256 of the encrypted bytes in the bucket
    media_type: str  # application/pdf or image/jpeg
    size: int  # bytes
    pages: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """What a reviewer asks for, and the answer once it came."""

    at: datetime
    by: str  # staff id
    name: str
    text: str
    until: datetime  # the midnight that ends the visitor's term
    answered_at: datetime | None = None
    answer: Secret | None = None
    files: tuple[AnswerFile, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Review:
    """Beside an order's status: a claim (holder, until) and the questions; `waits_until` while one is open."""

    holder: str = ""  # staff id; a claim past `held_until` counts for nothing
    holder_name: str = ""
    held_until: datetime | None = None
    waits_until: datetime | None = None
    days_left: int = 0  # working days of the review left when the clock stopped
    questions: tuple[Question, ...] = ()

    def held_by(self, now: datetime) -> str:
        """Staff id of whoever has it at `now`, "" when nobody has."""
        return self.holder if self.holder and self.held_until is not None and now < self.held_until else ""

    def waits(self, now: datetime) -> bool:
        """Whether the visitor still has time to answer: the clock of the review stands."""
        return self.waits_until is not None and now < self.waits_until
