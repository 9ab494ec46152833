"""Address of the platform's own rating page, for `rating_style = redirect`. Opened by adapters/assembly.py.

The parameter list stands in the address in Base64 twice; described in docs/protocols/rating.md, "Page jump".
"""

import base64
from urllib.parse import urlencode

from adapters.rating import RatingVisit
from adapters.rating.norms import channel_code
from conf.clock import beijing
from conf.settings import Settings

REGION = "440106000000"
PERSON, BODY = "1", "2"
#: GB/T 39046 paper codes: 111 citizen's identity card, 001 unified social credit code.
PERSON_PAPER, BODY_PAPER = "111", "001"
DONE, VERSION = "3", "2"
OUR_SOURCE = "440"


class JumpPage:
    """RatingPage by a list of parameters in Base64, twice."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def address(self, visit: RatingVisit) -> str:
        """The page's address with the case in it. The phone is left out: rating does not need it."""
        once = base64.b64encode(urlencode(self._parameters(visit)).encode())
        url = self._settings.rating_page_url
        return f"{url}{'&' if '?' in url else '?'}{urlencode({'param': base64.b64encode(once).decode()})}"

    def _parameters(self, v: RatingVisit) -> dict[str, str]:
        s = self._settings
        return {
            "key": s.rating_app_mark,
            "evaluateChannel": channel_code(s.rating_channel_codes, v.channel),
            "projNo": v.order_no,
            "projName": f"{v.company_name} {v.task_name}",
            "serviceCode": s.rating_task_code,
            "serviceDepartment": s.rating_dept_code,
            "applicantName": v.visitor_name,
            "applicantCardNumber": v.id_number,
            "applicantPhone": "",
            "handleStateCode": DONE,
            "regionCode": REGION,
            "source": OUR_SOURCE,
            "version": VERSION,
            "userProp": BODY if v.visitor_is_body else PERSON,
            "userPageType": BODY_PAPER if v.visitor_is_body else PERSON_PAPER,
            "transactionTime": beijing(v.finished_at).strftime("%Y-%m-%d %H:%M:%S"),
            "evaluatedPersonInfo": "[]",
        }
