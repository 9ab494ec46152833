"""What an import did: accepted, skipped, refused with row, subject and reason; `eqicha.py` prints it."""

from dataclasses import dataclass, field


class RowRefused(Exception):
    """One row or file that cannot be taken; `reason` is a Chinese sentence. Caught where rows are walked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """`row` is the line of manifest.jsonl from 1, or 0 for the package as a whole or a file no row names."""

    row: int
    subject: str
    reason: str

    def __str__(self) -> str:
        place = f"第 {self.row} 行" if self.row else "资料包"
        return f"{place} {self.subject}：{self.reason}"


@dataclass(kw_only=True, slots=True)
class IntakeReport:
    """Counts grow while the import runs. `skipped` counts rows that were already stored exactly so."""

    companies: int = 0
    filings: int = 0
    documents: int = 0
    pages: int = 0
    skipped: int = 0
    refusals: list[Refusal] = field(default_factory=list)

    @property
    def accepted(self) -> int:
        return self.companies + self.filings + self.documents

    @property
    def exit_code(self) -> int:
        """For the command line: 0 when everything went in or was there, 1 when anything was refused."""
        return 1 if self.refusals else 0

    def __str__(self) -> str:
        taken = f"{self.companies} companies, {self.filings} filings, {self.documents} documents, {self.pages} pages"
        return f"taken in: {taken}; already there: {self.skipped} rows; refused: {len(self.refusals)}"

    def refuse(self, row: int, subject: str, reason: str) -> None:
        self.refusals.append(Refusal(row=row, subject=subject, reason=reason))
