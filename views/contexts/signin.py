"""Contexts of the pages around signing in at the provincial platform."""

from views.contexts import Context, context

SAYS = {
    "declined": "手机上没有同意授权，因此没有登录。",
    "used": "这次授权已经用过。",
    "expired": "二维码已经过期。",
}


@context
class SigninFailed(Context):
    """Signing in did not work out: why, in plain words, and the next step."""

    template = "pages/signin_failed.html"
    says: str
    remedy: str
    again: str = "/signin"


@context
class RaiseLevel(Context):
    """The step needs a higher real-name level than the account has; the visitor goes to the platform and comes back."""

    template = "pages/signin_raise.html"
    level: str  # L2
    current: str


@context
class LicenceScan(Context):
    """The code to scan with an electronic licence, and what became of it; `state` as in flows/licence_signin."""

    template = "pages/signin_licence.html"
    fragment = "scan"
    state: str  # waiting, authorised, declined, used, expired
    address: str
    minutes: int
    scan_id: str
    company_name: str
    uscc: str
    operator: str  # masked
    needs_code: bool = False
    error: str = ""

    @property
    def is_waiting(self) -> bool:
        return self.state == "waiting"

    @property
    def is_authorised(self) -> bool:
        return self.state == "authorised"

    @property
    def says(self) -> str:
        return SAYS.get(self.state, SAYS["expired"])
