"""Where in a draft of the access table a fault stands, and what it is, in words. Called by flows/rules."""

import re
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class LineFault:
    """One fault: the line (from 1) and what is wrong there."""

    line: int
    says: str


#: Finding a line costs a look through the text; nobody mends more than these at a time.
MOST_SHOWN = 50
#: What the checker says, and how it is told. The first that fits counts.
WORDS = (
    (r"Field required", "缺少这一项"),
    (r"brackets within brackets.*", "括号一层套一层太深"),
    (r"no more than (\d+)", r"最多 \1 条规则"),
    (r"Extra inputs are not permitted", "没有这一项，请核对名称"),
    (r"Input should be (.+)", r"只能是：\1"),
    (r"String should match pattern '《.*", "依据要写成《……》第……条"),
    (r"String should match pattern '。\$'", "这句话要以“。”结尾"),
    (r"String should have at least 1 character", "不能为空"),
    (r".*says no, so it must say in `remedy`.*", "不予直接提供的规则必须在 remedy 中写明办法"),
    (r".*`needs_level` and next.*", 'needs_level 与 next = "raise_level" 要一起写'),
    (r".*the id of a (\w+) rule begins.*", r"编号要以“\1.”开头"),
    (r"the id stands twice", "编号重复"),
    (r"(.*) can only be asked of a single paper", r"条件 \1 只能用于单份材料（document）"),
    (r"no relation (.*)", r"没有 \1 这种关系"),
    (r"no rule (.*)", r"没有编号为 \1 的规则"),
    (
        r"a dossier is not given.*",
        "影像档案不能直接提供给身份不明的人：条件里要有 level_from，或不含 anonymous 的 account",
    ),
    (
        r"internal papers are refused.*",
        '第一条提供材料的规则之前，要有只以 flags = ["internal"] 为条件、不予提供的规则',
    ),
    (r"the last rule must hold always.*", "最后一条规则不能有条件，否则有的情形没有结论"),
    (r"rules after it are never tried", "这条没有条件，后面的规则永远用不到"),
)
_AT_LINE = re.compile(r"\(at line (\d+), column \d+\)|\(at end of document\)")


def faults_of(text: str, faults: list[str]) -> tuple[LineFault, ...]:
    """The first faults of `conf.access.parse_rules` (MOST_SHOWN), each with its line, in the order of the lines."""
    lines = text.split("\n")
    blocks = [n for n, line in enumerate(lines) if line.strip() == "[[rule]]"]
    return tuple(sorted((_fault(each, lines, blocks) for each in faults[:MOST_SHOWN]), key=lambda fault: fault.line))


def _fault(fault: str, lines: list[str], blocks: list[int]) -> LineFault:
    if found := _AT_LINE.search(fault):
        return LineFault(line=int(found[1] or len(lines)), says="这一行的写法不对（引号、方括号或等号）")
    where, _, what = fault.partition(": ")
    name = where.rsplit(".", 1)[-1]
    if not what:  # of the text as a whole
        return LineFault(line=1, says=_told(where))
    return LineFault(line=_line(where, lines, blocks), says=f"{name}：{_told(what)}")


def _told(what: str) -> str:
    for pattern, words in WORDS:
        if found := re.fullmatch(pattern, what):
            return found.expand(words)
    return what


def _line(where: str, lines: list[str], blocks: list[int]) -> int:
    """`rule.3.outcome` is in the fourth block; `dossier.moved` is the rule of that id; any other a key of the top."""
    parts = where.split(".")
    if parts[0] == "rule" and len(parts) > 1 and parts[1].isdecimal() and int(parts[1]) < len(blocks):
        index = int(parts[1])
        begin, end = blocks[index], blocks[index + 1] if index + 1 < len(blocks) else len(lines)
        keys = [part for part in parts[2:] if not part.isdecimal()]
        return _of_key(keys[-1], lines, begin, end) if keys else begin + 1
    named = [n for n, line in enumerate(lines, 1) if line.strip() == f'id = "{where}"']
    return named[-1] if named else _of_key(parts[-1], lines, 0, len(lines))


def _of_key(key: str, lines: list[str], begin: int, end: int) -> int:
    found = (n + 1 for n in range(begin, end) if re.match(rf"\s*{re.escape(key)}\s*=", lines[n]))
    return next(found, begin + 1)
