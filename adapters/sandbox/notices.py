"""The simulated identity platform's sign-out notices: signed by the gateway, repeated until answered."""

import hashlib
import json
import secrets
from datetime import datetime

from adapters.sandbox import calling
from adapters.sandbox.state import SandboxState
from conf.clock import beijing


def later(state: SandboxState, subject: str) -> None:
    """Tell the service that the account signed out; nothing is told where nobody listens."""
    number = secrets.token_hex(8)
    notice = {"noticeId": number, "event": "logout", "useridcode": subject}
    body = json.dumps(notice | {"time": beijing(state.clock()).strftime("%Y-%m-%d %H:%M:%S")}).encode()

    def keep() -> None:
        state.record("identity", f"logout-{number}", notice="logout", person=subject)

    calling.later(state, "identity", lambda now: (signed(state, now), body), taken="errcode=0", then=keep)


def signed(state: SandboxState, now: datetime) -> dict[str, str]:
    """The gateway's headers: hex(SHA-256(timestamp + token + nonce + timestamp))."""
    s, nonce = state.settings, secrets.token_hex(16)
    moment = str(int(now.timestamp()))
    text = f"{moment}{s.identity_notice_token.get_secret_value()}{nonce}{moment}"
    return {
        "Content-Type": "application/json",
        "x-tif-paasid": s.identity_notice_id,
        "x-tif-timestamp": moment,
        "x-tif-nonce": nonce,
        "x-tif-signature": hashlib.sha256(text.encode()).hexdigest(),
    }
