"""What `eqicha.py check` looks at: one finding a part; called by the command only."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from adapters.probing import probes
from conf.errors import EqichaError, ProviderUnavailable
from conf.keys import Keys
from conf.settings import Settings
from conf.terms import OutboxStatus

if TYPE_CHECKING:
    from adapters.assembly import Adapters
    from store import Store


#: A message that waits longer than this is a matter for an operator.
OLD_SECONDS = 3600


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One line of `check`: which part, whether it is well, and a sentence that says what to do when it is not."""

    part: str
    is_well: bool
    says: str


async def examine(store: "Store", adapters: "Adapters", settings: Settings, keys: Keys) -> list[Finding]:
    """Look at settings, database, seal certificate and every adapter; nothing is changed."""

    async def database() -> str:
        facts = await store.server()
        return f"MongoDB {facts.version}, replica set {facts.replica_set or 'none'}, writes {facts.write_concern}"

    async def seal() -> str:
        return await adapters.seal.ready()

    async def outbox() -> str:
        ages = await store.outbox.ages()
        ended = await store.outbox.listed((OutboxStatus.REJECTED, OutboxStatus.GAVE_UP), limit=100)
        waiting = ", ".join(f"{kind.value} {round(age)} s" for kind, age in ages.items()) or "nothing waits"
        if max(ages.values(), default=0) > OLD_SECONDS:
            raise ProviderUnavailable("outbox", f"oldest message: {waiting}; see /staff/outbox")
        return f"oldest message: {waiting}; {len(ended)} ended badly"

    parts: list[tuple[str, Callable[[], Awaitable[str]]]] = [("database", database), ("seal", seal), ("outbox", outbox)]
    parts += [(name, probe) for name, probe in probes(settings).items()]
    kind = "development" if keys.is_development else "own"
    findings = [Finding(part="settings", is_well=True, says=f"{settings.mode} mode, {kind} keys")]
    findings += [await _examine_one(part, probe) for part, probe in parts]
    return findings


async def _examine_one(part: str, probe: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(part=part, is_well=True, says=await probe())
    except (EqichaError, OSError) as fault:
        return Finding(part=part, is_well=False, says=str(fault) or type(fault).__name__)
