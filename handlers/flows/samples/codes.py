"""Valid codes for fictional subjects of Tianhe (440106); the sample makers beside this module use them."""

from datetime import date

from stdnum.cn import ric, uscc

REGION = "440106"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_SERIES = "WXYABCDEFGHJKLMNPQRTU"
_ORG_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def credit_code(serial: int, *, kind: str = "91") -> str:
    """Unified social credit code (GB 32100-2015) for a serial number below 2,100,000; `kind` 91 enterprise, 92 个体.

    The subject part is `MA9W` (then `MA9X` …) and four digits, with its own check character (GB 11714).
    """
    tens = serial // 10_000
    body = f"MA{9 - tens // len(_SERIES)}{_SERIES[tens % len(_SERIES)]}{serial % 10_000:04d}"
    head = kind + REGION + body + org_check(body)
    return head + str(uscc.calc_check_digit(head))


def org_check(body: str) -> str:
    """Check character of the eight characters of an organisation code (GB 11714): weights 3,7,9,10,5,8,4,2 mod 11."""
    total = sum(_ORG_ALPHABET.index(char) * weight for char, weight in zip(body, _ORG_WEIGHTS, strict=True))
    return {10: "X", 11: "0"}.get(11 - total % 11, str(11 - total % 11))


def registration_number(serial: int, *, first: str = "0") -> str:
    """15-digit registration number (GS15-2006); `first` 0–3 domestic, 4–5 foreign, 6–9 individual business."""
    digits = f"{REGION}{first}{serial:07d}"
    product = 10
    for digit in digits:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return digits + str((11 - product) % 10)


def citizen_number(born: date, serial: int) -> str:
    """Citizen id number (GB 11643-1999) of a fictional person registered in Tianhe; `serial` 0–999, odd is male."""
    body = f"{REGION}{born:%Y%m%d}{serial:03d}"
    return body + str(ric.calc_check_digit(body))
