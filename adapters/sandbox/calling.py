"""How a simulated system calls us: by and by, again until it is answered, and wrongly as switched."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx

from adapters.sandbox.state import CLOCK_OFF, SandboxState
from adapters.trust import trusted

#: Seconds between tries: one at first, ten at most; given up after about ten minutes.
PAUSES = (1.0, 1.0, 2.0, 2.0, 4.0, *(10.0 for _ in range(60)))

#: Makes headers and body of one call, signed for the moment it is given.
Signed = Callable[[datetime], tuple[dict[str, str], bytes]]


def later(
    state: SandboxState,
    system: str,
    signed: Signed,
    *,
    taken: str = "code=0",
    then: Callable[[], None] = lambda: None,
) -> None:
    """Call `/callbacks/<system>` until the answer says `field=value`, `then` once; nothing where nobody listens."""
    if state.callbacks_to:
        url = f"{state.callbacks_to}/{system}"
        task = asyncio.get_running_loop().create_task(_tell(state, system, url, signed, taken=taken, then=then))
        state.tasks.add(task)
        task.add_done_callback(state.tasks.discard)


async def attempt(state: SandboxState, system: str, url: str, signed: Signed, *, taken: str = "code=0") -> bool:
    """One call, as wrong as switched; whether it was taken."""
    fault = state.faults.take(system, calling=True)
    if fault == "late":
        await asyncio.sleep(state.late_seconds)
    headers, body = signed(state.clock() + (CLOCK_OFF if fault == "clock" else timedelta()))
    if fault == "forged":
        headers, body = _forged(headers, body)
    was_taken = await _sent(url, headers, body, taken)
    if fault == "twice":  # the very same call, and the same news signed anew
        await _sent(url, headers, body, taken)
        await _sent(url, *signed(state.clock()), taken)
    return was_taken


async def _tell(
    state: SandboxState, system: str, url: str, signed: Signed, *, taken: str, then: Callable[[], None]
) -> None:
    for pause in PAUSES:
        await asyncio.sleep(pause)
        if await attempt(state, system, url, signed, taken=taken):
            then()
            return


def _forged(headers: dict[str, str], body: bytes) -> tuple[dict[str, str], bytes]:
    """The same with a signature that does not fit; a call that signs its body itself is altered there."""
    names = [name for name in headers if "signature" in name.lower()]
    if not names:
        middle = len(body) // 2
        return headers, body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
    wrong = {name: headers[name][:-1] + ("0" if headers[name][-1] != "0" else "1") for name in names}
    return headers | wrong, body


async def _sent(url: str, headers: dict[str, str], body: bytes, taken: str) -> bool:
    field, _, value = taken.partition("=")
    try:
        async with httpx.AsyncClient(timeout=5, trust_env=False, verify=trusted()) as client:
            answer = await client.post(url, content=body, headers=headers)
        return answer.status_code == 200 and str(answer.json().get(field)) == value
    except (httpx.HTTPError, ValueError, AttributeError):
        return False
