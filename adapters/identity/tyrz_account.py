"""Reads the platform's account object (`userobj`, `pareobj`) into an Identity. Called by tyrz.py only."""

import re
from collections.abc import Mapping
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
_LEVEL = re.compile(r"L([0-3])(?![0-9])")
_TRUE = {"true", "1", "yes"}


def identity_from(answer: Mapping[str, Any]) -> Identity:
    """tokeninfo's answer → Identity. Raises KeyError, TypeError or ValueError when the account cannot be keyed."""
    user = flat(answer["userobj"])
    parent = answer.get("pareobj")
    kind = {NATURAL: AccountKind.NATURAL, LEGAL: AccountKind.LEGAL}[user.get("usertype", "")]
    subject, name = user["useridcode"], user["cn"]
    id_number = user.get("idcardnumber", "").upper()
    return Identity(
        provider=PROVIDER,
        subject=subject,
        kind=kind,
        name=name,
        id_type=ID_TYPES.get(user.get("idcardtype", ""), "其他"),
        id_number=id_number,
        # a level without an identity number proves nobody: such an account is treated as not verified
        level=level_of(user, answer.get("user_creditable_level")) if id_number else IdentityLevel.L0,
        phone=user.get("telephonenumber", ""),
        mail=user.get("mail", ""),
        operator_name=user.get("link_person_name", "") if kind is AccountKind.LEGAL else "",
        parent_subject=flat(parent).get("useridcode", "") if isinstance(parent, Mapping) else "",
    )


def flat(account: Mapping[str, Any]) -> dict[str, str]:
    """One account object as plain texts; `extproperties` fills what the object itself does not say.

    Missing values ("", null, "-1") are left out altogether.
    """
    extra = account.get("extproperties") or []
    pairs = [str(line).split("=", 1) for line in extra if "=" in str(line)]
    texts = {key.strip(): value for key, value in pairs} | {
        key: _text(value) for key, value in account.items() if key != "extproperties" and _text(value) not in _MISSING
    }
    return {key: value.strip() for key, value in texts.items() if value.strip() not in _MISSING}


_MISSING = frozenset({"", "-1"})


def _text(value: Any) -> str:
    """Scalars as the platform writes them; anything else counts as missing."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int) else ""


def level_of(user: Mapping[str, str], reported: Any = None) -> IdentityLevel:
    """The account's level: as stated, else the best proven way, else L1 for a verified account, else L0."""
    for stated in (user.get("creditable_level_of_account", ""), _text(reported)):
        if found := _LEVEL.match(stated):
            return IdentityLevel(int(found[1]))
    ways = levels_of_ways(user.get("creditable_level_of_account_way", ""))
    if ways:
        return max(ways)
    is_real = user.get("is_real", user.get("isreal", "")).lower() in _TRUE
    return IdentityLevel.L1 if is_real else IdentityLevel.L0


def levels_of_ways(text: str) -> list[IdentityLevel]:
    """`L2@YSS@id||L0@IDV@id` → the levels in it; parts of another shape are passed over."""
    parts = (part.strip() for part in text.split("||"))
    found = (_LEVEL.match(part) for part in parts if part.count("@") >= 2)
    return [IdentityLevel(int(match[1])) for match in found if match]
