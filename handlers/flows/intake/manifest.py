"""manifest.jsonl → checked rows and refusals; runs in a child process, as the file is a stranger's."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from handlers.flows.intake.report import Refusal
from handlers.flows.intake.rows import KINDS, CompanyRow, DocumentRow, FilingRow, Row

NAME = "manifest.jsonl"
LONGEST_ROW = 1 << 20
MOST_ROWS = 500_000

_SENTENCES = {
    "missing": "缺少 {field}",
    "extra_forbidden": "没有 {field} 这一项，请核对字段名",
    "enum": "{field} 的取值应为 {expected}",
    "string_too_long": "{field} 过长（至多 {max_length} 字）",
    "string_too_short": "{field} 不能为空",
    "string_pattern_mismatch": "{field} 的格式不正确",
    "string_type": "{field} 应为文字",
    "bool_type": "{field} 应为 true 或 false",
    "value_error": "{field}{error}",
}


@dataclass(kw_only=True, slots=True)
class Manifest:
    """Rows by their line number (from 1), in the file's order."""

    companies: dict[int, CompanyRow] = field(default_factory=dict)
    filings: dict[int, FilingRow] = field(default_factory=dict)
    documents: dict[int, DocumentRow] = field(default_factory=dict)
    refused: list[Refusal] = field(default_factory=list)


def read_manifest(path: str) -> Manifest:
    """All rows of the manifest at `path`; a bad row is a refusal and the others stand. Never raises for content."""
    manifest = Manifest()
    if not Path(path).is_file():
        manifest.refused.append(Refusal(row=0, subject=NAME, reason="资料包中没有 manifest.jsonl，请按格式说明补上"))
        return manifest
    seen: dict[tuple[object, ...], int] = {}
    with Path(path).open("rb") as lines:
        for number, line in enumerate(iter(lambda: lines.readline(LONGEST_ROW + 1), b""), start=1):
            if number > MOST_ROWS:
                manifest.refused.append(Refusal(row=number, subject=NAME, reason=f"超过 {MOST_ROWS} 行，请拆分资料包"))
                break
            if len(line) > LONGEST_ROW:
                manifest.refused.append(Refusal(row=number, subject=NAME, reason="这一行超过 1 MB，其后内容不再读取"))
                break
            if line.strip():
                _take(manifest, seen, number, line)
    return manifest


def _take(manifest: Manifest, seen: dict[tuple[object, ...], int], number: int, line: bytes) -> None:
    subject = ""
    try:
        raw = json.loads(line.decode("utf-8-sig"))
        if not isinstance(raw, dict) or not isinstance(raw.get("kind"), str) or raw["kind"] not in KINDS:
            raise ValueError("每行须是一个 JSON 对象，kind 为 company、filing 或 document")
        subject = _subject(raw)
        row = KINDS[raw["kind"]].model_validate_json(line.decode("utf-8-sig"), strict=False)
        earlier = seen.setdefault(_key(row), number)
        if earlier != number:
            raise ValueError(f"与第 {earlier} 行重复")
    except ValidationError as fault:
        manifest.refused.append(Refusal(row=number, subject=subject, reason=sentence(fault)))
    except UnicodeDecodeError:
        manifest.refused.append(Refusal(row=number, subject=subject, reason="不是 UTF-8 编码的文字"))
    except (json.JSONDecodeError, RecursionError):
        manifest.refused.append(Refusal(row=number, subject=subject, reason="不是有效的 JSON，请检查引号与括号"))
    except ValueError as fault:
        manifest.refused.append(Refusal(row=number, subject=subject, reason=str(fault)))
    else:
        {"company": manifest.companies, "filing": manifest.filings, "document": manifest.documents}[row.kind][
            number
        ] = row  # type: ignore[index]


def sentence(fault: ValidationError) -> str:
    """All faults of one row in one Chinese sentence that names the English fields."""
    return "；".join(dict.fromkeys(_sentence(error) for error in fault.errors()))


def _sentence(error: Any) -> str:
    where = ".".join(str(part) for part in error["loc"])
    pattern = _SENTENCES.get(error["type"]) or (
        "{field} 不是有效日期，应为 YYYY-MM-DD" if error["type"].startswith("date") else "{field} 的值不正确"
    )
    context = {"expected": "", "max_length": "", **error.get("ctx", {})}
    return pattern.format(**{**context, "field": f"{where} " if where and error["type"] == "value_error" else where})


def _subject(raw: dict[str, Any]) -> str:
    """What the row is about, in codes and numbers only: reasons go to logs and terminals, personal values do not."""
    parts = (raw.get("kind"), raw.get("uscc"), raw.get("business_no"), raw.get("number"))
    return " ".join(str(part)[:64] for part in parts if part is not None)


def _key(row: Row) -> tuple[object, ...]:
    return tuple(getattr(row, name, None) for name in ("kind", "uscc", "business_no", "number"))
