"""The simulated SMS gateway's delivery receipts: a moment after each message, signed with the gateway's key."""

import hashlib
import hmac
import json
import secrets
from datetime import datetime
from zoneinfo import ZoneInfo

from adapters.sandbox import calling
from adapters.sandbox.state import SandboxState

BEIJING = ZoneInfo("Asia/Shanghai")


def later(state: SandboxState, number: str, reference: str) -> None:
    """Send the receipt of a message by and by; nothing is sent where nobody listens (`callbacks_to` is empty)."""
    done = datetime.now(BEIJING).strftime("%Y-%m-%d %H:%M:%S")
    receipt = {"msgId": number, "extRef": reference, "status": "DELIVRD", "doneTime": done}
    body = json.dumps({"receipts": [receipt]}).encode()
    calling.later(state, "sms", lambda now: (_headers(state, body, now), body))


def _headers(state: SandboxState, body: bytes, now: datetime) -> dict[str, str]:
    s, nonce = state.settings, secrets.token_hex(16)
    moment = str(int(now.timestamp()))
    text = f"{s.sms_app_id}\n{moment}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
    right = hmac.new(s.sms_app_key.get_secret_value().encode(), text.encode(), "sha256").hexdigest()
    return {
        "Content-Type": "application/json",
        "X-App-Id": s.sms_app_id,
        "X-Timestamp": moment,
        "X-Nonce": nonce,
        "X-Signature": right,
    }
