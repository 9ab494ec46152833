"""One synchronous Jinja environment and the two calls that turn a context into HTML; called by the base handler."""

import hashlib
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from views import filters
from views.barcodes import barcode
from views.contexts import Context, Frame
from views.qr import qr

ROOM = Path(__file__).resolve().parent
STATIC = ROOM.parent / "static"
_FRAME = Frame()


def render(page: Context, frame: Frame = _FRAME) -> str:
    """The whole page, or sheet, that `page` names."""
    return _template(page.template).render(page=page, frame=frame)


def render_fragment(page: Context, frame: Frame = _FRAME) -> str:
    """Only the block `page.fragment`: the same lines that stand in the whole page."""
    template = _template(page.template)
    scope = template.new_context({"page": page, "frame": frame})
    return "".join(template.blocks[page.fragment](scope))


def warm() -> int:
    """Compile every page now, so that no visitor's request holds the loop while it is done; returns how many."""
    names = [path.relative_to(ROOM).as_posix() for path in (ROOM / "pages").rglob("*.html")]
    for name in names:
        _template(name)
    for layout in ("site", "kiosk", "staff", "webview", "_footer"):
        environment().get_template(f"layouts/{layout}.html")
    return len(names)


@lru_cache(maxsize=512)
def static_address(name: str) -> str:
    """Address of a file under static/ with its digest, so that a browser may keep it for ever."""
    path = STATIC / name
    if not path.is_file():
        return f"/static/{name}"
    return f"/static/{name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"


@lru_cache(maxsize=256)
def _template(name: str) -> Template:
    return environment().get_template(name)


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment all templates share; components are loaded into the global `ui`."""
    env = Environment(
        loader=FileSystemLoader(ROOM),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    env.globals["static"] = static_address
    env.globals["ui"] = ui = SimpleNamespace()
    env.filters.update(filters.FILTERS)
    env.filters["qr"] = qr
    env.filters["barcode"] = barcode
    env.filters["static"] = static_address  # of a constant: worked out once, when the template is compiled
    for path in sorted((ROOM / "components").glob("*.html")):
        _adopt(ui, env.get_template(f"components/{path.name}"))
    return env


def _adopt(ui: SimpleNamespace, template: Template) -> None:
    """Every public macro of a component file becomes `ui.<name>`."""
    module: Any = template.module
    for name in dir(module):
        macro = getattr(module, name)
        if not name.startswith("_") and callable(macro) and not isinstance(macro, Markup):
            setattr(ui, name, macro)
