"""Reads the platform's account object (`userobj`, `pareobj`) into an Identity. Called by tyrz.py only."""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adapters.identity import Identity
from conf.terms import AccountKind, IdentityLevel

PROVIDER = "tyrz"
NATURAL, LEGAL = "1", "2"  # usertype

#: idcardtype → the name of the paper. 49–80 are the platform's codes for bodies, the rest for persons.
ID_TYPES = {
    "10": "身份证",
    "11": "军官证",
    "14": "港澳居民来往内地通行证",
    "15": "台湾居民来往大陆通行证",
    "20": "护照",
    "49": "统一社会信用代码",
    "50": "组织机构代码证",
    "51": "营业执照",
    "60": "税务登记证",
    "80": "其他",
}
BODY_PAPERS = frozenset({"49", "50", "51", "60", "80"})
_LEVEL = re.compile(r"[Ll]([0-3])(?![0-9])|([0-3])")
_TRUE = {"true", "1", "yes"}
_MISSING = frozenset({"", "-1"})
LONGEST = 200  # signs of one value; what is longer is no name, number or address


@dataclass(frozen=True, kw_only=True, slots=True)
class _Facts:
    """What an account shows of who it stands for: the holder's name and paper, and how well they are proven."""

    name: str
    paper: str
    number: str
    level: IdentityLevel


def identity_from(answer: Mapping[str, Any]) -> Identity:
    """tokeninfo's answer → Identity. Raises KeyError, TypeError or ValueError when the account cannot be keyed."""
    raw, parent = answer["userobj"], answer.get("pareobj")
    user, main = flat(raw), flat(parent) if isinstance(parent, Mapping) else {}
    kind = {NATURAL: AccountKind.NATURAL, LEGAL: AccountKind.LEGAL}[user.get("usertype", "")]
    own = _facts(user, kind, level_of(user, answer.get("user_creditable_level"), raw))
    main_subject = main.get("useridcode") or user.get("parent_uidcode", "")
    is_sub = kind is AccountKind.LEGAL and main_subject not in ("", user["useridcode"])
    holder = _holder(own, main, parent) if is_sub and main else own
    return Identity(
        provider=PROVIDER,
        subject=user["useridcode"],
        kind=kind,
        name=holder.name,
        id_type=ID_TYPES.get(holder.paper, "其他"),
        id_number=holder.number,
        # a level without an identity number proves nobody: such an account is treated as not verified
        level=holder.level if holder.number else IdentityLevel.L0,
        phone=user.get("telephonenumber", ""),
        mail=user.get("mail", ""),
        operator_name=_operator(user, holder) if kind is AccountKind.LEGAL else "",
        parent_subject=main_subject if is_sub else "",
    )


def _facts(account: Mapping[str, str], kind: AccountKind, level: IdentityLevel) -> _Facts:
    """A body is proven by a body's paper only: its clerk's own identity card is not the body's number."""
    paper, number = account.get("idcardtype", ""), account.get("idcardnumber", "").upper()
    if kind is AccountKind.LEGAL and paper not in BODY_PAPERS:
        paper, number = "", ""
    return _Facts(name=account["cn"], paper=paper, number=number, level=level)


def _holder(own: _Facts, main: Mapping[str, str], raw: Any) -> _Facts:
    """Whom a sub-account acts for: the body of its own paper (a branch) or else that of its main account.

    The level is the lower of the two: neither an unproven clerk nor an unproven enterprise is proven by the other.
    """
    if own.number or main.get("usertype") != LEGAL or "cn" not in main:
        return own
    facts = _facts(main, AccountKind.LEGAL, level_of(main, raw=raw))
    return _Facts(name=facts.name, paper=facts.paper, number=facts.number, level=min(own.level, facts.level))


def _operator(user: Mapping[str, str], holder: _Facts) -> str:
    """Who sits at the keys: the clerk the account names, or a sub-account's own name beside its enterprise's."""
    own = user["cn"]
    return user.get("link_person_name", "") or (own if own != holder.name else "")


def flat(account: Mapping[str, Any]) -> dict[str, str]:
    """One account object as plain texts; `extproperties` fills what the object itself does not say.

    Missing values ("", null, "-1") are left out altogether; of a property told twice the first value counts.
    """
    texts: dict[str, str] = {}
    for key, value in [*account.items(), *_extra(account.get("extproperties"))]:
        found = _text(value)
        if key != "extproperties" and found not in _MISSING:
            texts.setdefault(key, found)
    return texts


def _extra(lines: Any) -> Iterator[tuple[str, str]]:
    """The "key=value" lines of `extproperties`, split on the first "="; anything else in their place says nothing."""
    for line in lines if isinstance(lines, list) else [lines]:
        if isinstance(line, str) and "=" in line:
            key, _, value = line.partition("=")
            yield key.strip(), value


def _text(value: Any) -> str:
    """Scalars as the platform writes them, without control signs; anything else, and anything overlong, is missing."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if (isinstance(value, int) and value.bit_length() > 600) or not isinstance(value, str | int):
        return ""
    # lone surrogates (Cs) are JSON, but no text any store or page could take
    text = "".join(sign for sign in str(value) if unicodedata.category(sign) not in ("Cc", "Cs")).strip()
    return text if len(text) <= LONGEST else ""


def level_of(user: Mapping[str, str], reported: Any = None, raw: Any = None) -> IdentityLevel:
    """The account's level: as stated, else the best proven way, else L1 for a verified account, else L0.

    `raw` is the account as it came: there the ways may be a list, which the flat form leaves out.
    """
    for stated in (user.get("creditable_level_of_account", ""), _text(reported)):
        if found := _level(stated):
            return found[0]
    ways = raw.get("creditable_level_of_account_way") if isinstance(raw, Mapping) else None
    found = levels_of_ways(ways if ways is not None else user.get("creditable_level_of_account_way", ""))
    if found:
        return max(found)
    is_real = user.get("is_real", user.get("isreal", "")).lower() in _TRUE
    return IdentityLevel.L1 if is_real else IdentityLevel.L0


def _level(text: str) -> list[IdentityLevel]:
    """`L2`, `l2` or `2` as one level, anything else as none (so that L0 is told apart from nothing)."""
    match = _LEVEL.match(text)
    if match is None or (match[2] and len(text) > 1):
        return []
    return [IdentityLevel(int(match[1] or match[2]))]


def levels_of_ways(ways: Any) -> list[IdentityLevel]:
    """The levels in `L2@YSS@id||L0@IDV@id`, or in a list of such texts or of objects with `identity_level`.

    The list may come as JSON text too. Parts of another shape are passed over.
    """
    if isinstance(ways, str) and ways.lstrip().startswith("["):
        try:
            ways = json.loads(ways)
        except (ValueError, RecursionError):
            return []
    if isinstance(ways, str):
        parts = (part.strip() for part in ways.split("||"))
        return [level for part in parts if part.count("@") >= 2 for level in _level(part)]
    found: list[IdentityLevel] = []
    for way in ways if isinstance(ways, list) else []:
        if isinstance(way, Mapping):
            found += _level(_text(way.get("identity_level")))
        elif isinstance(way, str) and not way.lstrip().startswith("["):
            found += levels_of_ways(way)
    return found
