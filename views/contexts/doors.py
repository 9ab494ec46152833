"""Contexts of both doors: two-step sign-in, what a one-time link opens, own password, sessions and recovery codes."""

from collections.abc import Collection
from dataclasses import field

from store.records import Session
from views.contexts import Context, context
from views.filters import minute

#: So much of a session's id names it; handlers/flows/enrolling.REFERENCE.
REFERENCE = 16


def session_rows(sessions: Collection[Session]) -> tuple[tuple[str, str, str, str], ...]:
    """(reference, network, signed in, seen last) of each session."""
    return tuple(
        (each.id[:REFERENCE], str(each.values.get("network") or "未知"), minute(each.created_at), minute(each.seen_at))
        for each in sessions
    )


@context
class Signin(Context):
    """First step: login and password. `area`: where this door's pages stand."""

    template = "pages/door_signin.html"
    area: str
    note: str
    login: str = ""
    error: str = ""


@context
class Code(Context):
    """Second step: the one-time code."""

    template = "pages/door_code.html"
    area: str
    error: str = ""


@context
class Password(Context):
    """Change of one's own password."""

    template = "pages/door_password.html"
    area: str
    errors: dict[str, str] = field(default_factory=dict)


@context
class Enrol(Context):
    """What a one-time link opens: own password, own authenticator."""

    template = "pages/door_enrol.html"
    area: str
    token: str
    login: str
    address: str
    key: str
    errors: dict[str, str] = field(default_factory=dict)


@context
class RecoveryCodes(Context):
    """Ten codes, shown this once."""

    template = "pages/door_recovery_codes.html"
    codes: tuple[str, ...]
    next: tuple[str, str]  # (words, address) of where to go from here


@context
class Recovery(Context):
    """How many codes are left; the form that makes new ones."""

    template = "pages/door_recovery.html"
    area: str
    left: int
    errors: dict[str, str] = field(default_factory=dict)


@context
class OwnSessions(Context):
    """Where one is signed in oneself."""

    template = "pages/door_sessions.html"
    area: str
    sessions: tuple[Session, ...]
    current: str

    @property
    def rows(self) -> tuple[tuple[str, str, str, str], ...]:
        return session_rows(self.sessions)

    @property
    def own(self) -> str:
        return self.current[:REFERENCE]
