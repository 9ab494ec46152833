"""What a screen may show of a personal value; whoever conceals a value in the vault masks it here first.

Defaults follow practice under 个人信息保护法 Art. 51: enough to recognise one's own, too little to learn another's.
"""

import re

_DOTS = "·•・‧．"


def name(full: str) -> str:
    """A natural person's name: the last character stays (`*三`, `**丰`, 欧阳娜娜 `***娜`), and a dot in it
    (`****·**提`); of a name in Latin letters the first stays.
    """
    full = full.strip()
    if len(full) <= 1:
        return "*" * len(full)
    if full.isascii():
        return full[0] + "*" * (len(full) - 1)
    if any(dot in full for dot in _DOTS):
        return "".join(char if char in _DOTS else "*" for char in full[:-1]) + full[-1]
    return "*" * (len(full) - 1) + full[-1]


def id_number(number: str) -> str:
    """An identity number: citizen id 3 + 4, other papers (passport, permit) 2 + 2; a body's code is public."""
    number = number.strip()
    if re.fullmatch(r"\d{17}[\dXx]|\d{15}", number):
        return _middle(number, 3, 4)
    if re.fullmatch(r"[0-9A-HJ-NPQRTUWXY]{18}", number):
        return number
    return _middle(number, 2, 2)


def phone(number: str) -> str:
    """A telephone number: 3 + 4 of a mobile number, the last 2 digits of any other."""
    digits = number.strip()
    if re.fullmatch(r"(\+86)?1\d{10}", digits):
        digits = digits.removeprefix("+86")
        return _middle(digits, 3, 4)
    return _middle(digits, 0, 2)


def mail(address: str) -> str:
    """A mail address: the first character and the domain."""
    local, at, domain = address.strip().rpartition("@")
    return f"{local[0]}***@{domain}" if at and local else "***"


def address(text: str) -> str:
    """A home address, cut after the street or, where no street is named, after the district or city."""
    for unit in (r".*?(?:街道|镇|乡)", r".*?[^号]?(?:大道|路|街|巷|村)", r".*?[区县旗]", r".*?(?:市|自治州|盟|省)"):
        match = re.match(unit, text.strip())
        if match and match.end() < len(text.strip()):
            return match.group() + "****"
    return "****"


def _middle(text: str, head: int, tail: int) -> str:
    if len(text) <= head + tail:
        return "*" * len(text)
    return text[:head] + "*" * (len(text) - head - tail) + text[len(text) - tail :]
