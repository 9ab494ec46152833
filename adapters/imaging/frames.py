"""Pages of JPEG, PNG and TIFF files; `probe` calls it inside its guard."""

from io import BytesIO

from PIL import Image, ImageSequence

from adapters.imaging import FORMATS, MAX_PIXELS, MIN_SIDE, ScanPage, ScanRefused

#: Modes that stand in a PDF and on a screen as they are.
_PLAIN = frozenset({"1", "L", "RGB"})
_ORIENTATION = 0x0112
_MEDIA = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "TIFF": "image/tiff"}
DEFAULT_DPI = 200


def image_pages(content: bytes, name: str, *, first: int, count: int) -> list[ScanPage]:
    """Pages of one image file, fully decoded once so that a truncated file shows itself here."""
    with Image.open(BytesIO(content), formats=FORMATS) as image:
        if image.format in {"JPEG", "MPO"}:
            check_size(name, *image.size)
            image.load()
            return [_page(image, content, "JPEG")][first : first + count]
        if image.format == "PNG" and frame_count(image) > 1:
            raise ScanRefused(f"{name} 是动画图片，请提交静态扫描件")
        if frame_count(image) == 1:
            return [_single(image, content, name)][first : first + count]
        return _tiff_pages(image, name, range(first, min(first + count, frame_count(image))))


def frame_count(image: Image.Image) -> int:
    """Pages of an opened image; the small pictures a camera tucks into a JPEG are none."""
    return 1 if image.format in {"JPEG", "MPO"} else int(getattr(image, "n_frames", 1))


def check_size(name: str, width: int, height: int) -> None:
    """Refuse what is too large to decode or too small to be a page; sizes in pixels."""
    if width * height > MAX_PIXELS:
        limit = MAX_PIXELS // 1_000_000
        raise ScanRefused(f"{name} 为 {width}×{height} 像素，超过 {limit} 百万像素的上限，请降低分辨率后重新扫描")
    if min(width, height) < MIN_SIDE:
        raise ScanRefused(f"{name} 仅 {width}×{height} 像素，过小而无法阅读，请重新扫描")


def lossless(image: Image.Image) -> bytes:
    """The image as PNG; the mode is kept."""
    out = BytesIO()
    image.save(out, "PNG", optimize=False, compress_level=6)
    return out.getvalue()


def dots_per_inch(image: Image.Image) -> int:
    """What the file says, when it is believable; a scan without a word on it counts as 200."""
    found = image.info.get("dpi") or (0, 0)
    value = round(float(found[0] or 0))
    return value if 50 <= value <= 2400 else DEFAULT_DPI


def upright(image: Image.Image) -> Image.Image:
    """Turned as its orientation tag says."""
    turned = Image.Transpose
    turns = {2: turned.FLIP_LEFT_RIGHT, 3: turned.ROTATE_180, 4: turned.FLIP_TOP_BOTTOM, 5: turned.TRANSPOSE}
    turns |= {6: turned.ROTATE_270, 7: turned.TRANSVERSE, 8: turned.ROTATE_90}
    turn = turns.get(image.getexif().get(_ORIENTATION, 1))
    return image.transpose(turn) if turn is not None else image


def flat(image: Image.Image) -> Image.Image:
    """Any mode as one of `1`, `L`, `RGB`: transparency onto white, 16 bit to 8, palettes and CMYK to RGB."""
    if image.mode in _PLAIN:
        return image
    if image.mode.startswith("I") or image.mode == "F":
        return image.convert("I").point([value >> 8 for value in range(65536)], "L")
    if image.mode in {"LA", "PA", "RGBA", "La", "RGBa"} or "transparency" in image.info:
        ground = Image.new("RGB", image.size, "white")
        ground.paste(image.convert("RGB"), mask=image.convert("RGBA").getchannel("A"))
        return ground.convert("L") if image.mode == "LA" else ground
    return image.convert("RGB")


def _single(image: Image.Image, content: bytes, name: str) -> ScanPage:
    """A one-page PNG or TIFF: its own bytes when any reader shows them alike, else the same pixels as PNG."""
    check_size(name, *image.size)
    image.load()
    plain = image.mode in _PLAIN or (image.mode == "P" and "transparency" not in image.info)
    if plain and image.getexif().get(_ORIENTATION, 1) == 1:
        return _page(image, content, str(image.format))
    mended = flat(upright(image))
    return _page(mended, lossless(mended), "PNG", dpi=dots_per_inch(image))


def _tiff_pages(image: Image.Image, name: str, wanted: range) -> list[ScanPage]:
    pages = []
    for number, frame in enumerate(ImageSequence.Iterator(image)):
        if number in wanted:
            check_size(f"{name} 第 {number + 1} 页", *frame.size)
            frame.load()
            pages.append(_frame(frame))
        if number >= wanted.stop - 1:
            break
    return pages


def _frame(frame: Image.Image) -> ScanPage:
    """One page of a multi-page TIFF on its own: fax pages stay fax (Group 4), others become lossless PNG."""
    dpi = dots_per_inch(frame)
    mended = flat(upright(frame))
    if mended.mode != "1":
        return _page(mended, lossless(mended), "PNG", dpi=dpi)
    out = BytesIO()
    mended.save(out, "TIFF", compression="group4", dpi=(dpi, dpi))
    return _page(mended, out.getvalue(), "TIFF", dpi=dpi)


def _page(image: Image.Image, content: bytes, kind: str, *, dpi: int = 0) -> ScanPage:
    width, height = image.size
    return ScanPage(
        content=content, media_type=_MEDIA[kind], width=width, height=height, dpi=dpi or dots_per_inch(image)
    )
