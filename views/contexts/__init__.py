"""What every page context has, and the frame around it; each task's contexts stand in a module of this package.

A template sees exactly two names besides the components: `page` (its context) and `frame`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar, dataclass_transform

from markupsafe import Markup

from conf.rights import Action
from conf.terms import APP_CHANNELS, Channel

T = TypeVar("T")


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(field,))
def context(cls: type[T]) -> type[T]:
    """One frozen dataclass a page: `@context class Results(Context): template = "pages/results.html"; hits: …`."""
    return dataclass(frozen=True, kw_only=True, slots=True)(cls)


@dataclass(frozen=True, kw_only=True)
class Context:
    """A page's whole vocabulary. `fragment` names the block htmx gets, or "" when the page has none.

    `title` is the page's one `<h1>` and the first part of `<title>`.
    """

    template: ClassVar[str]
    fragment: ClassVar[str] = ""
    title: str


def no_token() -> Markup:
    """The form token of a page drawn outside a request: none."""
    return Markup()


@dataclass(frozen=True, kw_only=True, slots=True)
class Frame:
    """What a layout needs to know about the visit; made by the base handler, the same for every page."""

    layout: str = "layouts/site.html"
    channel: Channel = Channel.PC
    path: str = "/"
    visitor: str = ""  # masked name of who is signed in, "" for nobody
    staff: str = ""
    actions: frozenset[Action] = frozenset()  # what the member of staff may do
    places: tuple[tuple[str, str], ...] = ()  # (name, address) of their navigation
    is_large: bool = False  # 长辈版: larger type
    has_keys: bool = True  # single keys of the desk act; whoever speaks to their machine switches them off
    idle_seconds: int = 0  # kiosk: wiped after this long without a touch
    terminal: str = ""
    year: int = 2026
    xsrf: Callable[[], Markup] = no_token  # `{{ frame.xsrf() }}` inside every POST form

    @property
    def is_webview(self) -> bool:
        """Inside another app, which draws header and back button itself."""
        return self.channel in APP_CHANNELS

    @property
    def is_kiosk(self) -> bool:
        return self.channel is Channel.KIOSK
