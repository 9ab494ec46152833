"""The consent a visitor ticks before ordering, as data with a version. Called by the order form and by ordering."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, kw_only=True, slots=True)
class Consent:
    """Text agreed to; `version` is stored with each order."""

    version: str
    title: str
    points: tuple[str, ...]


@cache
def current_consent() -> Consent:
    """The consent now in force (archives law implementing regulation Art. 35-36, personal information law Art. 14)."""
    table = tomllib.loads(Path(__file__).with_name("consent.toml").read_text(encoding="utf-8"))
    return Consent(version=table["version"], title=table["title"], points=tuple(table["points"]))
