"""One scan → the viewing sizes (thumbnail, about 1240 px wide, full), each a JPEG. Runs in the workshop."""

from io import BytesIO

from PIL import Image

from adapters.imaging import FORMATS, MAX_PIXELS, Sizes
from adapters.imaging.frames import flat, upright

THUMB_WIDTH = 200
VIEW_WIDTH = 1240
_QUALITY = 80


def render(content: bytes) -> Sizes:
    """Sizes of one page as `probe` gave it (JPEG, PNG or TIFF bytes); never enlarged, RGB or grey, upright."""
    Image.MAX_IMAGE_PIXELS = MAX_PIXELS
    with Image.open(BytesIO(content), formats=FORMATS) as scan:
        is_screen_ready = scan.format == "JPEG" and scan.mode in {"L", "RGB"} and scan.getexif().get(0x0112, 1) == 1
        page = flat(upright(scan))
        page = page.convert("L") if page.mode == "1" else page  # grey steps, so that small black-and-white text reads
        page.load()
    view = _narrow(page, VIEW_WIDTH)
    full = content if is_screen_ready else _jpeg(page)
    return Sizes(thumb=_jpeg(_narrow(view, THUMB_WIDTH)), view=_jpeg(view), full=full)


def _narrow(page: Image.Image, width: int) -> Image.Image:
    if page.width <= width:
        return page
    height = max(1, round(page.height * width / page.width))
    return page.resize((width, height), Image.Resampling.BICUBIC, reducing_gap=3)


def _jpeg(page: Image.Image) -> bytes:
    out = BytesIO()
    page.save(out, "JPEG", quality=_QUALITY, optimize=False)
    return out.getvalue()
