"""Code tables of the two norms that count satisfaction and kinds of case in opposite directions. For rating adapters.

National 好差评 interface: 5 = 非常满意 … 1 = 非常不满意. GB/T 39046-2020 table A.8: 1 = 非常满意 … 5 = 非常不满意.
"""

from collections.abc import Mapping
from enum import StrEnum

from conf.terms import Channel, Satisfaction

NATIONAL: dict[Satisfaction, str] = {
    Satisfaction.VERY_GOOD: "5",
    Satisfaction.GOOD: "4",
    Satisfaction.FAIR: "3",
    Satisfaction.BAD: "2",
    Satisfaction.VERY_BAD: "1",
}
GBT_39046: dict[Satisfaction, str] = {
    Satisfaction.VERY_GOOD: "1",
    Satisfaction.GOOD: "2",
    Satisfaction.FAIR: "3",
    Satisfaction.BAD: "4",
    Satisfaction.VERY_BAD: "5",
}


class CaseKind(StrEnum):
    """办件类型: done while the visitor waits, or promised for a day."""

    ON_THE_SPOT = "on_the_spot"  # 即办件
    PROMISED = "promised"  # 承诺件


#: `promiseTime` of the national interface, and GB/T 39046 A.6: reversed between the norms as well.
NATIONAL_CASE: dict[CaseKind, str] = {CaseKind.ON_THE_SPOT: "2", CaseKind.PROMISED: "1"}
GBT_39046_CASE: dict[CaseKind, str] = {CaseKind.ON_THE_SPOT: "1", CaseKind.PROMISED: "2"}

#: `pf` as the national interface and GB/T 39046 table 9 list it; provinces differ after 5, so codes are a setting.
CHANNELS: dict[str, str] = {
    "1": "PC端",
    "2": "移动端",
    "3": "二维码",
    "4": "政务大厅平板电脑",
    "5": "政务大厅其他终端",
    "6": "电话",
    "7": "短信",
}
DEFAULT = "default"


def channel_code(codes: Mapping[str, str], channel: Channel, *, is_default: bool = False) -> str:
    """`pf` by the setting `rating_channels`; a channel without a code of its own is reported as PC."""
    if is_default and DEFAULT in codes:
        return codes[DEFAULT]
    return codes.get(channel.value, codes[Channel.PC.value])


def channel_of(codes: Mapping[str, str], code: str) -> Channel:
    """Our channel with this code, the first of the setting; one we do not have is the counterpart's own."""
    found = (name for name, each in codes.items() if each == code and name != DEFAULT)
    return Channel(next(found, Channel.COUNTERPART))


def from_national(code: str) -> Satisfaction:
    """Code 5 → VERY_GOOD. Raises KeyError for a code the norm does not have."""
    return {value: key for key, value in NATIONAL.items()}[code]


def from_gbt_39046(code: str) -> Satisfaction:
    """Code 1 → VERY_GOOD. Raises KeyError for a code the norm does not have."""
    return {value: key for key, value in GBT_39046.items()}[code]


def case_from_national(code: str) -> CaseKind:
    """Code 2 → ON_THE_SPOT. Raises KeyError for a code the norm does not have."""
    return {value: key for key, value in NATIONAL_CASE.items()}[code]


def case_from_gbt_39046(code: str) -> CaseKind:
    """Code 1 → ON_THE_SPOT. Raises KeyError for a code the norm does not have."""
    return {value: key for key, value in GBT_39046_CASE.items()}[code]
