"""Which counterparts may call us, how each proves itself, what its word changes. For callbacks and background work.

A system is here when its adapter has a `callbacks` reader; what is applied stands in the flow it belongs to.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from adapters.callbacks import CallbackReader
from handlers.flows import licence_signin
from handlers.flows.callbacks import Apply, apply_waiting
from handlers.flows.notices import note_receipt
from handlers.flows.ratings import note_platform_rating
from handlers.flows.signed_out import end_sessions, ending

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store

#: What an event of each system does, by the name in its address.
APPLIES: dict[str, Apply] = {
    "sms": note_receipt,
    "rating": note_platform_rating,
    "licence": licence_signin.note,
    "identity": end_sessions,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Known:
    """One counterpart that may call."""

    reader: CallbackReader
    apply: Apply


def system_of(adapters: "Adapters", system: str, sessions: Any) -> Known | None:
    """The counterpart of that name, or None when nobody of that name may call. `sessions` are this process's."""
    reader = readers_of(adapters).get(system)
    if reader is None or system not in APPLIES:
        return None
    return Known(reader=reader, apply=ending(sessions) if system == "identity" else APPLIES[system])


def readers_of(adapters: "Adapters") -> Mapping[str, CallbackReader]:
    """The readers the opened adapters bring, by system."""
    return adapters.callbacks


async def look_again(store: "Store", *, now: datetime) -> bool:
    """Background: what came before the thing it is about. True when something was settled."""
    return bool(await apply_waiting(store, APPLIES, now=now))
