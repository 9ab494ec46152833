"""Who may call a verb: every verb of every handler carries exactly one of these, or the class does not come to life."""

import functools
import inspect
import ipaddress
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tornado.web import HTTPError

from conf.errors import NotFound, SignInNeeded
from conf.rights import Action, may
from conf.terms import IdentityLevel

Verb = Callable[..., Any]
VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Guard:
    """What a verb asks of its caller; the walk over the routes reads it."""

    name: str  # public | signed_in | staff | operator | counterpart | government | government_gate
    level: IdentityLevel = IdentityLevel.L0
    actions: frozenset[Action] = frozenset()


def public(verb: Verb) -> Verb:
    """Anyone may call it."""
    return _guarded(verb, Guard("public"), lambda handler: None)


def signed_in(verb: Verb | None = None, *, level: IdentityLevel = IdentityLevel.L1) -> Any:
    """A visitor known by the provincial platform at `level` or above; raises SignInNeeded."""

    def check(handler: Any) -> None:
        if handler.account is None or handler.account.level < level:
            raise SignInNeeded(level)

    guard = Guard("signed_in", level=level)
    return _guarded(verb, guard, check) if verb else lambda late: _guarded(late, guard, check)


def staff(*actions: Action) -> Callable[[Verb], Verb]:
    """One of our people who may do any of `actions` (none given: anybody of ours), coming from `staff_networks`."""

    def check(handler: Any) -> None:
        if not within(handler.request.remote_ip, handler.conf.staff_networks):
            raise HTTPError(403)
        if handler.staff is None:
            raise SignInNeeded(IdentityLevel.L0)
        if actions and not any(may(handler.staff.roles, action) for action in actions):
            raise HTTPError(403)

    return lambda verb: _guarded(verb, Guard("staff", actions=frozenset(actions)), check)


def government(verb: Verb) -> Verb:
    """A user of a unit, on the government network; to anyone elsewhere the address does not exist."""

    def check(handler: Any) -> None:
        _on_government_network(handler)
        if handler.user is None:
            raise SignInNeeded(IdentityLevel.L0)

    return _guarded(verb, Guard("government"), check)


def government_gate(verb: Verb) -> Verb:
    """Anybody on the government network: the sign-in itself."""
    return _guarded(verb, Guard("government_gate"), _on_government_network)


def _on_government_network(handler: Any) -> None:
    if not within(handler.request.remote_ip, handler.conf.government_networks):
        raise NotFound("not for this network")


def operator(verb: Verb) -> Verb:
    """Machines of the operators (`metrics_networks`); to anyone else the address does not exist."""

    def check(handler: Any) -> None:
        if not within(handler.request.remote_ip, handler.conf.metrics_networks):
            raise NotFound("not for this network")

    return _guarded(verb, Guard("operator"), check)


def counterpart(verb: Verb) -> Verb:
    """Another system, proved by the signature of its call: the flow checks it before anything else is done."""
    return _guarded(verb, Guard("counterpart"), lambda handler: None)


def guard_of(handler: type, verb: str) -> Guard | None:
    """The guard of one verb, or None where there is none."""
    return getattr(getattr(handler, verb, None), "guard", None)


def refuse_unguarded(handler: type) -> None:
    """Raises TypeError naming a verb the class defines without a guard; called as the class is made."""
    for verb in VERBS:
        if verb in vars(handler) and guard_of(handler, verb) is None:
            where = f"{handler.__module__}.{handler.__qualname__}.{verb}"
            raise TypeError(f"{where} has no guard: put @public, @signed_in, @staff or @operator on it")


def within(address: str, networks: str) -> bool:
    """Is `address` inside one of the comma-separated `networks`? An address that is none is in no network."""
    try:
        place = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(place in network for network in _networks(networks))


@lru_cache(maxsize=16)
def _networks(text: str) -> tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]:
    return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())


def _guarded(verb: Verb, guard: Guard, check: Callable[[Any], None]) -> Verb:
    if hasattr(verb, "guard"):
        raise TypeError(f"{verb.__qualname__} has two guards")

    @functools.wraps(verb)
    async def guarded(handler: Any, *args: str, **kwargs: str) -> None:
        check(handler)
        answer: Awaitable[None] | None = verb(handler, *args, **kwargs)
        if inspect.isawaitable(answer):
            await answer

    guarded.guard = guard  # type: ignore[attr-defined]
    return guarded
