"""Contexts of the kiosk's own pages; made by handlers/kiosk.py."""

from dataclasses import field

from views.contexts import Context, context


@context
class Enrol(Context):
    template = "pages/kiosk_enrol.html"
    title: str = "登记自助终端"
    errors: dict[str, str] = field(default_factory=dict)
    enrolled: str = ""


@context
class Cleared(Context):
    template = "pages/kiosk_cleared.html"
    title: str = "已退出并清除"
