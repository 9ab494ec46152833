"""The portal's case register: how an order that began at another door stands.

The interface is described in docs/protocols/entry.md.
"""

from typing import Unpack

from adapters import tif
from adapters.base import Opening, WebProvider
from adapters.entry import Progress
from conf.clock import beijing
from conf.errors import ProviderRejected, ProviderUnavailable
from conf.settings import Settings
from conf.terms import OrderStatus

SYSTEM = "portal"
#: Our states in the portal's codes; states it has no word for are not told.
STATES: dict[OrderStatus, str] = {
    OrderStatus.SUBMITTED: "1",  # 已受理
    OrderStatus.PERMITTED: "2",  # 准予提供
    OrderStatus.READY: "3",  # 已办结
    OrderStatus.REFUSED: "4",  # 不予提供
    OrderStatus.FAILED: "5",  # 办理终止
    OrderStatus.EXPIRED: "6",  # 领取期已过
}
TAKEN, KNOWN_ALREADY = "0", "1"
FINAL_CODES = {"21": "task unknown", "22": "step out of order", "23": "case of another user", "24": "record refused"}
AGAIN_CODES = {"10": "signature refused", "99": "busy"}


class PortalProgress(WebProvider):
    """ProgressProvider over POST `{progress_url}/progress`."""

    def __init__(self, settings: Settings, **how: Unpack[Opening]) -> None:
        super().__init__(SYSTEM, settings, **how)
        self._url = f"{settings.progress_url.rstrip('/')}/progress"

    async def report(self, progress: Progress) -> None:
        """Push one step; one that the portal knows already counts as told. KeyError for a state it has no word for."""
        state, reference = STATES[progress.status], f"{progress.order_no}.{progress.status.value}"
        record = {
            "projectNo": progress.order_no,
            "taskCode": progress.task_code,
            "source": progress.entry.value,
            "userSource": progress.provider,
            "userCode": progress.subject,
            "state": state,
            "stateTime": f"{beijing(progress.at):%Y-%m-%d %H:%M:%S}",
            "detailUrl": f"{self._settings.base_url.rstrip('/')}/orders/{progress.order_no}",
        }
        key = self._settings.progress_key.get_secret_value()
        async with self.line.call("report", reference):
            signed = tif.sign(self._settings.progress_id, key, now=self._clock())
            answer = await self.line.post_json(self._url, record, reference=reference, headers=signed)
            code = str(answer["code"])
            if code in FINAL_CODES:
                raise ProviderRejected(SYSTEM, FINAL_CODES[code])
            if code not in (TAKEN, KNOWN_ALREADY):
                raise ProviderUnavailable(SYSTEM, AGAIN_CODES.get(code, "unknown code"))
