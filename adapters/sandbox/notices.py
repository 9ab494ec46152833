"""The simulated identity platform's sign-out notices: signed by the gateway, repeated until answered."""

import asyncio
import hashlib
import json
import secrets
from typing import Any

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from adapters.sandbox.state import SandboxState
from conf.clock import beijing

TRIES, PAUSE = 5, 1.0


def later(state: SandboxState, subject: str) -> None:
    """Tell the service that the account signed out; nothing is told where nobody listens (`notices_to` is empty)."""
    if state.notices_to:
        task = asyncio.get_running_loop().create_task(_tell(state, subject))
        state.tasks.add(task)
        task.add_done_callback(state.tasks.discard)


async def _tell(state: SandboxState, subject: str) -> None:
    number = secrets.token_hex(8)
    notice = {"noticeId": number, "event": "logout", "useridcode": subject}
    body = json.dumps(notice | {"time": beijing(state.clock()).strftime("%Y-%m-%d %H:%M:%S")}).encode()
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(PAUSE)
        if await _sent(state, body):
            state.record("identity", f"logout-{number}", notice="logout", person=subject)
            return


async def _sent(state: SandboxState, body: bytes) -> bool:
    try:
        answer = await AsyncHTTPClient().fetch(
            state.notices_to, method="POST", body=body, headers=signed(state), request_timeout=5
        )
    except (HTTPClientError, OSError):
        return False
    return json.loads(answer.body).get("errcode") == 0


def signed(state: SandboxState) -> dict[str, Any]:
    """The gateway's headers: hex(SHA-256(timestamp + token + nonce + timestamp))."""
    s, nonce = state.settings, secrets.token_hex(16)
    moment = str(int(state.clock().timestamp()))
    text = f"{moment}{s.identity_notice_token.get_secret_value()}{nonce}{moment}"
    return {
        "Content-Type": "application/json",
        "x-tif-paasid": s.identity_notice_id,
        "x-tif-timestamp": moment,
        "x-tif-nonce": nonce,
        "x-tif-signature": hashlib.sha256(text.encode()).hexdigest(),
    }
