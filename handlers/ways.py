"""Where an answer sends the browser: to our own pages, out to the identity platform, to sign-in and back.

The part of the base handler that speaks of addresses; no address from a request is ever followed.
"""

from typing import Any

from tornado.web import HTTPError

from conf.errors import SignInNeeded


def is_ours(path: str) -> bool:
    """A path on this service: nothing a browser could read as another host."""
    return path.startswith("/") and not path.startswith(("//", "/\\"))


class Ways:
    """Mixed into BaseHandler."""

    def go(self: Any, path: str) -> None:
        """303 to one of our own addresses; htmx is told to load the page."""
        if not is_ours(path):
            raise HTTPError(400)
        self._send_to(path)

    def leave(self: Any, address: str) -> None:
        """303 to an outside address that an adapter made (the identity platform), never one from the request."""
        self._send_to(address)

    def ask_to_sign_in(self: Any, fault: SignInNeeded) -> None:
        """To the sign-in page; where to come back to is kept in a signed cookie, never in the address."""
        if self.is_staff_area:
            self.go("/staff/signin")
            return
        self.keep_back_address((self.request.uri if self.request.method in ("GET", "HEAD") else "") or "/")
        self.go(f"/signin?level={int(fault.level)}")

    def keep_back_address(self: Any, path: str) -> None:
        """Where to go on after signing in, in a signed cookie."""
        self.set_signed_cookie(self.application.cookie("back"), path, expires_days=None, **self._cookie_rules())

    def take_back_address(self: Any) -> str:
        """Where the visitor was before signing in, once; "/" when nothing is kept or it is not ours."""
        name = self.application.cookie("back")
        kept: str = (self.get_signed_cookie(name, max_age_days=1) or b"").decode("utf-8", "replace")
        self.clear_cookie(name, **self._cookie_rules())
        return kept if is_ours(kept) else "/"

    def set_visit_cookie(self: Any, purpose: str, value: str, *, days: int | None = None) -> None:
        """`session`, `terminal`, `type` …: HttpOnly, SameSite=Lax, `__Host-` and Secure over TLS."""
        self.set_cookie(self.application.cookie(purpose), value, expires_days=days, **self._cookie_rules())

    def clear_visit_cookie(self: Any, purpose: str) -> None:
        """Take the cookie of that purpose back."""
        self.clear_cookie(self.application.cookie(purpose), **self._cookie_rules())

    def _cookie_rules(self: Any) -> dict[str, Any]:
        return {"path": "/", "httponly": True, "samesite": "Lax", "secure": self.conf.is_secure}

    def _send_to(self: Any, address: str) -> None:
        if self.request.headers.get("HX-Request") == "true":
            self.set_header("HX-Redirect", address)
            self.set_status(204)
        else:
            self.set_status(303)
            self.set_header("Location", address)
        self.finish()
