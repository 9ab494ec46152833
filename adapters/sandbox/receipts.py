"""The simulated SMS gateway's delivery receipts: a moment after each message, signed, repeated until answered."""

import asyncio
import hashlib
import hmac
import json
import secrets
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tornado.httpclient import AsyncHTTPClient, HTTPClientError

from adapters.sandbox.state import SandboxState

TRIES, PAUSE = 5, 1.0
BEIJING = ZoneInfo("Asia/Shanghai")


def later(state: SandboxState, number: str, reference: str) -> None:
    """Send the receipt of a message by and by; nothing is sent where nobody listens (`receipts_to` is empty)."""
    if state.receipts_to:
        task = asyncio.get_running_loop().create_task(_tell(state, number, reference))
        state.tasks.add(task)
        task.add_done_callback(state.tasks.discard)


async def _tell(state: SandboxState, number: str, reference: str) -> None:
    done = datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    receipt = {"msgId": number, "extRef": reference, "status": "DELIVRD", "doneTime": done}
    body = json.dumps({"receipts": [receipt]}).encode()
    for _ in range(TRIES):
        await asyncio.sleep(PAUSE)
        if await _sent(state, body):
            return


async def _sent(state: SandboxState, body: bytes) -> bool:
    try:
        answer = await AsyncHTTPClient().fetch(
            state.receipts_to, method="POST", body=body, headers=_signed(state, body), request_timeout=5
        )
    except (HTTPClientError, OSError):
        return False
    return json.loads(answer.body).get("code") == "0"


def _signed(state: SandboxState, body: bytes) -> dict[str, Any]:
    s, nonce = state.settings, secrets.token_hex(16)
    moment = str(int(state.clock().timestamp()))
    text = f"{s.sms_app_id}\n{moment}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
    right = hmac.new(s.sms_app_key.get_secret_value().encode(), text.encode(), "sha256").hexdigest()
    return {
        "Content-Type": "application/json",
        "X-App-Id": s.sms_app_id,
        "X-Timestamp": moment,
        "X-Nonce": nonce,
        "X-Signature": right,
    }
