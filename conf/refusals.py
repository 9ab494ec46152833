"""Reasons for refusing a request (conf/refusals.toml) by id; read by the reviewing flow, its pages, the order page."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

APPEAL = "对结果有异议的，可以向登记机关咨询或依法申请行政复议。"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """One reason: its name for reviewers; what the visitor reads, and what would change it."""

    id: str
    name: str
    says: str
    remedy: str
    needs_text: bool = False

    def sentence(self, text: str) -> str:
        """What the visitor reads: the reason, and the reviewer's own words."""
        return f"{self.says}{text}" if self.says else text


@cache
def all_refusals() -> tuple[Refusal, ...]:
    """Every reason, in the order they are offered."""
    rows = tomllib.loads(Path(__file__).with_name("refusals.toml").read_text(encoding="utf-8"))
    return tuple(Refusal(**row) for row in rows["reason"])


def refusal_of(id: str) -> Refusal | None:
    """The reason of that id, or None."""
    return next((reason for reason in all_refusals() if reason.id == id), None)
