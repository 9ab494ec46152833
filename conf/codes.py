"""Codes of the register checked and completed: USCC, registration number, citizen id. Intake and tests call it."""

import re
from datetime import date

from stdnum.cn import ric
from stdnum.cn import uscc as stdnum_uscc
from stdnum.exceptions import ValidationError

_USCC = re.compile(r"[1-9ANY][1-9A-HJ-NPQRTUWXY]\d{6}[0-9A-HJ-NPQRTUWXY]{10}")
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997
_CITIZEN_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999


def is_uscc(text: str) -> bool:
    """A unified social credit code (GB 32100-2015) exactly as printed: 18 characters, upper case, both check digits."""
    if not _USCC.fullmatch(text):
        return False
    try:
        stdnum_uscc.validate(text)
    except ValidationError:
        return False
    return text[16] == body_check(text[8:16])


def make_uscc(body: str, *, kind: str = "1", region: str = "440106") -> str:
    """Complete a code of the market registry (9) from the 8 characters of its subject number; `kind` 1, 2, 3 or 9."""
    stem = f"9{kind}{region}{body}{body_check(body)}"
    return stem + stdnum_uscc.calc_check_digit(stem)


def body_check(body: str) -> str:
    """Check character of an eight-character subject number (GB 11714)."""
    total = sum(int(char, 36) * weight for char, weight in zip(body, _BODY_WEIGHTS, strict=True))
    return "0X987654321"[total % 11]


def is_reg_no(text: str) -> bool:
    """A 15-digit registration number (GS15-2006). Older numbers have no check and are kept as they are."""
    return bool(re.fullmatch(r"[0-9]{15}", text)) and text[14] == reg_no_check(text[:14])


def make_reg_no(stem: str) -> str:
    """Complete a registration number from its first 14 digits."""
    return stem + reg_no_check(stem)


def reg_no_check(stem: str) -> str:
    """Check digit over 14 digits, ISO 7064 MOD 11,10."""
    product = 10
    for digit in stem:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def is_citizen_id(text: str) -> bool:
    """An 18-character citizen id (GB 11643-1999): a real date of birth and the right check character.

    The place of birth is not checked: districts come and go, and an old paper is not wrong for naming one.
    """
    if not re.fullmatch(r"[1-9]\d{16}[0-9X]", text, re.ASCII) or not _is_date(text[6:14]):
        return False
    return ric.calc_check_digit(text) == text[17]


def make_citizen_id(stem: str) -> str:
    """Complete a citizen id from its first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(stem, _CITIZEN_WEIGHTS, strict=True))
    return stem + "10X98765432"[total % 11]


def is_old_citizen_id(text: str) -> bool:
    """A 15-digit citizen id of before 2000, as old dossiers have it."""
    return bool(re.fullmatch(r"[1-9][0-9]{14}", text)) and _is_date("19" + text[6:12])


def _is_date(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
