"""Contexts of the pages around signing in at the provincial platform."""

from views.contexts import Context, context


@context
class SigninFailed(Context):
    """Signing in did not work out: why, in plain words, and the next step."""

    template = "pages/signin_failed.html"
    says: str
    remedy: str


@context
class RaiseLevel(Context):
    """The step needs a higher real-name level than the account has; the visitor goes to the platform and comes back."""

    template = "pages/signin_raise.html"
    level: str  # L2
    current: str
