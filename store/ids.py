"""Names for new records: ids that sort by time of making, and numbers people read. Called by store and flows."""

import itertools
import secrets
from datetime import datetime

from conf.clock import beijing

#: 31 signs nobody mistakes for one another on paper or by telephone: no 0/O, 1/I/L.
SIGNS = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_turn = itertools.count(secrets.randbelow(1 << 20))


def sortable_id(now: datetime) -> str:
    """30 hex signs: milliseconds, a counter of this process, random. Ids of one process sort in order of making."""
    milliseconds = int(now.timestamp() * 1000)
    return f"{milliseconds:012x}{next(_turn) % (1 << 40):010x}{secrets.token_hex(4)}"


def new_order_no(now: datetime) -> str:
    """`TH20261121-7K3M9Q`: Beijing date and six of 31 signs (887 million a day); uniqueness is the index's."""
    return f"TH{beijing(now):%Y%m%d}-" + "".join(secrets.choice(SIGNS) for _ in range(6))


def new_task_no(now: datetime) -> str:
    """`TK20261121-7K3M9Q`, made as order numbers are."""
    return "TK" + new_order_no(now).removeprefix("TH")


def copy_no_of(order_no: str) -> str:
    """The number of the one copy an order yields: `TH…` becomes `THC…`."""
    return "THC" + order_no.removeprefix("TH")


def new_batch_no(now: datetime) -> str:
    """`ZWP20261121-7K3M9Q`: the number of a unit's batch look-up, made as order numbers are."""
    return f"ZWP{beijing(now):%Y%m%d}-" + "".join(secrets.choice(SIGNS) for _ in range(6))
