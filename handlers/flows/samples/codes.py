"""Valid codes for fictional subjects of Tianhe (440106); the sample makers beside this module use them."""

from datetime import date

from conf.codes import make_citizen_id, make_reg_no, make_uscc

REGION = "440106"
_SERIES = "WXYABCDEFGHJKLMNPQRTU"


def credit_code(serial: int, *, kind: str = "1") -> str:
    """Unified social credit code for a serial number below 2,100,000; `kind` 1 enterprise, 2 个体, 3 合作社.

    The subject number is `MA9W` (then `MA9X` …), four digits of the serial and its check character.
    """
    tens = serial // 10_000
    body = f"MA{9 - tens // len(_SERIES)}{_SERIES[tens % len(_SERIES)]}{serial % 10_000:04d}"
    return make_uscc(body, kind=kind, region=REGION)


def registration_number(serial: int, *, first: str = "0") -> str:
    """15-digit registration number (GS15-2006); `first` 0–3 domestic, 4–5 foreign, 6–9 individual business."""
    return make_reg_no(f"{REGION}{first}{serial:07d}")


def citizen_number(born: date, serial: int) -> str:
    """Citizen id number (GB 11643-1999) of a fictional person registered in Tianhe; `serial` 0–999, odd is male."""
    return make_citizen_id(f"{REGION}{born:%Y%m%d}{serial:03d}")
