"""What a paper is about: plain facts of the company and the filing, handed to the child that draws it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """`owners` are (name, share, amount); `subject` is the person a paper concerns, `turn` a change's (item, before,
    after). `seed` makes two papers alike differ, and one paper the same each time.
    """

    kind: str
    title: str
    event: str
    company: str
    uscc: str
    entity_type: str
    head: str
    capital: str
    domicile: str
    scope: str
    owners: tuple[tuple[str, str, str], ...]
    staffed: tuple[tuple[str, str], ...]  # (name, post)
    dated: date
    business_no: str
    seed: str
    colour: bool
    subject: str = ""
    turn: tuple[str, str, str] = ("", "", "")

    @property
    def day(self) -> str:
        return f"{self.dated.year}年{self.dated.month}月{self.dated.day}日"

    @property
    def is_firm(self) -> bool:
        """Without shareholders' meeting: sole investor's firm, shop, branch."""
        return not self.owners
