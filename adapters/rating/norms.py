"""Code tables of the two norms that count satisfaction in opposite directions. Used by rating adapters.

National 好差评 interface: 5 = 非常满意 … 1 = 非常不满意. GB/T 39046-2020 table A.8: 1 = 非常满意 … 5 = 非常不满意.
"""

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

#: `pf`: 1 PC, 2 mobile, 3 QR code, 4 hall tablet, 5 other hall terminal, 6 telephone, 7 text message.
NATIONAL_CHANNEL: dict[Channel, str] = {
    Channel.PC: "1",
    Channel.MOBILE: "2",
    Channel.KIOSK: "5",
    Channel.STAFF: "5",
    Channel.COMMAND: "1",
    Channel.WORKER: "1",
    Channel.COUNTERPART: "1",
    Channel.SHB: "2",
    Channel.YST: "2",
}

#: 办件类型 is reversed between the norms as well: an on-the-spot case is 2 nationally, 1 in GB/T 39046 A.6.
NATIONAL_ON_THE_SPOT, GBT_39046_ON_THE_SPOT = "2", "1"


def from_national(code: str) -> Satisfaction:
    """Code 5 → VERY_GOOD. Raises KeyError for a code the norm does not have."""
    return {value: key for key, value in NATIONAL.items()}[code]


def from_gbt_39046(code: str) -> Satisfaction:
    """Code 1 → VERY_GOOD. Raises KeyError for a code the norm does not have."""
    return {value: key for key, value in GBT_39046.items()}[code]
