"""The vendors that can stand second, by the name of their module in adapters/sms; called by the assembly."""

import pkgutil
from collections.abc import Callable
from importlib import import_module
from typing import Any

import adapters.sms as room
from adapters.sms import SmsProvider


def vendor_names() -> tuple[str, ...]:
    """Modules of this room that hold a second vendor: those that name their class `Vendor`."""
    names = sorted(info.name for info in pkgutil.iter_modules(room.__path__))
    return tuple(name for name in names if name != "vendors" and hasattr(_module(name), "Vendor"))


def second_vendor(name: str) -> Callable[..., SmsProvider]:
    """The class of a vendor; raises LookupError naming those there are."""
    known = vendor_names()
    if name not in known:
        raise LookupError(f"no vendor {name!r}; there are: {', '.join(known)}")
    vendor: Callable[..., SmsProvider] = _module(name).Vendor
    return vendor


def _module(name: str) -> Any:
    return import_module(f"{room.__name__}.{name}")
