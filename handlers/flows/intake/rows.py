"""The three kinds of rows of manifest.jsonl, checked; `manifest.py` reads them and the samples write them.

The format is described for those who deliver packages in docs/intake.md; the names here are the names there.
"""

import re
from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, field_validator, model_validator

from conf.codes import is_uscc
from conf.terms import CompanyStatus, DocumentFlag, FilingKind, PersonRole

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
#: The documents of one filing are numbered below this.
MOST_DOCUMENTS = 500


def _readable(value: object) -> object:
    """Control and direction-changing characters have no place in a register's text."""
    if isinstance(value, str) and _CONTROL.search(value):
        raise ValueError("含有控制字符")
    return value


def _code(value: str) -> str:
    if not is_uscc(value):
        raise ValueError("不是有效的统一社会信用代码（校验位不符）")
    return value


Line = Annotated[str, BeforeValidator(_readable), StringConstraints(strip_whitespace=True, max_length=300)]
Named = Annotated[
    str, BeforeValidator(_readable), StringConstraints(strip_whitespace=True, min_length=1, max_length=300)
]
Text = Annotated[str, BeforeValidator(_readable), StringConstraints(strip_whitespace=True, max_length=10_000)]
Number = Annotated[str, StringConstraints(pattern=r"^[\w（）()〔〕\[\]号第.\-/]{1,64}$")]


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FormerNameRow(_Row):
    name: Named
    since: date | None = None
    until: date | None = None


class PersonRow(_Row):
    """`id_number` and `address` are plain here and encrypted before they are stored."""

    name: Named
    role: PersonRole
    id_type: Line = "身份证"
    id_number: Line = ""
    is_body: bool = False
    title: Line = ""
    address: Line = ""
    amount: Line = ""
    share: Line = ""


class ChangeRow(_Row):
    item: Named
    before: Text = ""
    after: Text = ""
    approved_on: date


class CompanyRow(_Row):
    """One registered subject; fields as in store.records.Company."""

    kind: Literal["company"]
    uscc: Annotated[str, Field(max_length=18)]
    name: Named
    entity_type: Named
    status: CompanyStatus
    legal_representative: Line
    established_on: date
    registry: Named
    domicile: Named
    reg_no: Line = ""
    old_reg_nos: tuple[Line, ...] = ()
    former_names: tuple[FormerNameRow, ...] = ()
    capital: Line = ""
    approved_on: date | None = None
    term_from: date | None = None
    term_to: date | None = None
    ended_on: date | None = None
    street_code: Annotated[str, StringConstraints(pattern=r"^(\d{9})?$")] = ""
    street: Line = ""
    scope: Text = ""
    moved_to: Line = ""
    industry: Line = ""
    parent_uscc: Line = ""
    persons: Annotated[tuple[PersonRow, ...], Field(max_length=500)] = ()
    changes: Annotated[tuple[ChangeRow, ...], Field(max_length=2000)] = ()
    locked: bool = False
    lock_ground: Line = ""
    filing_count: Annotated[int, Field(ge=0)] | None = None
    last_filed_on: date | None = None

    _check_code = field_validator("uscc")(_code)

    @model_validator(mode="after")
    def _agrees(self) -> "CompanyRow":
        if self.status is CompanyStatus.MOVED_OUT and not self.moved_to:
            raise ValueError("已迁出的企业须填写 moved_to（迁入登记机关）")
        if self.locked and not self.lock_ground:
            raise ValueError("locked 为 true 时须填写 lock_ground（锁定事由）")
        return self


class FilingRow(_Row):
    """One registration event (件) of a company."""

    kind: Literal["filing"]
    uscc: str
    business_no: Number
    event: FilingKind
    title: Named
    approved_on: date

    _check_code = field_validator("uscc")(_code)


class FileRow(_Row):
    name: Annotated[str, StringConstraints(min_length=1, max_length=500)]
    sha256: Annotated[str, StringConstraints(pattern=r"^([0-9a-f]{64})?$")] = ""

    @field_validator("name")
    @classmethod
    def _inside(cls, value: str) -> str:
        path = PurePosixPath(value)
        if "\\" in value or "\0" in value or path.is_absolute() or ".." in path.parts:
            raise ValueError("文件路径须是资料包内的相对路径，不得含 ..、反斜杠或盘符")
        return value


class DocumentRow(_Row):
    """One paper of a filing; its files in reading order, none while it is not scanned."""

    kind: Literal["document"]
    uscc: str
    business_no: Number
    number: Annotated[int, Field(ge=1, lt=MOST_DOCUMENTS)]
    type: Named
    title: Named
    dated: date | None = None
    flags: frozenset[DocumentFlag] = frozenset()
    pages: Annotated[int, Field(ge=1, le=2000)] | None = None
    files: Annotated[tuple[FileRow, ...], Field(max_length=2000)] = ()

    _check_code = field_validator("uscc")(_code)

    @field_validator("files", mode="before")
    @classmethod
    def _names(cls, value: object) -> object:
        if not isinstance(value, list | tuple):
            return value
        return [{"name": one} if isinstance(one, str) else one for one in value]

    @model_validator(mode="after")
    def _agrees(self) -> "DocumentRow":
        if not self.files and self.pages is None:
            raise ValueError("没有 files 的材料（尚未扫描）须填写 pages（目录所载页数）")
        return self


Row = CompanyRow | FilingRow | DocumentRow
KINDS: dict[str, type[Row]] = {"company": CompanyRow, "filing": FilingRow, "document": DocumentRow}
