"""Files as scanners and strangers make them, generated: good ones of every accepted kind, and a corpus of bad ones."""

import io
import struct
import zlib

import img2pdf
import pikepdf
from PIL import Image, ImageDraw
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

SIZE = (620, 877)


def drawing(mode: str = "RGB", size: tuple[int, int] = SIZE, mark: int = 0) -> Image.Image:
    """A page with frames and strokes; `mark` makes pages differ."""
    image = Image.new("RGB", size, (252, 250, 244))
    draw = ImageDraw.Draw(image)
    draw.rectangle((60, 80, size[0] - 60, size[1] - 80), outline="black", width=3)
    for line in range(12):
        draw.line((90, 140 + line * 40, size[0] - 90 - (line + mark) % 5 * 40, 140 + line * 40), fill="black", width=6)
    draw.ellipse((size[0] - 240, size[1] - 260, size[0] - 100, size[1] - 120), outline=(200, 20, 20), width=8)
    return image.convert(mode)


def jpeg(mode: str = "RGB", mark: int = 0) -> bytes:
    return _saved(drawing(mode, mark=mark), "JPEG", quality=85, dpi=(200, 200))


def png(mode: str = "RGB") -> bytes:
    return _saved(drawing(mode), "PNG", dpi=(300, 300))


def tiff(*modes: str, compression: str = "") -> bytes:
    """One page a mode; 1-bit pages are fax (Group 4)."""
    pages = [drawing(mode, mark=number) for number, mode in enumerate(modes)]
    if not compression:
        compression = "group4" if set(modes) == {"1"} else "tiff_lzw"
    return _saved(pages[0], "TIFF", compression=compression, save_all=True, append_images=pages[1:], dpi=(200, 200))


def scanned_pdf(*pages: bytes) -> bytes:
    """One image a page, embedded as it is."""
    return bytes(img2pdf.convert(list(pages) or [jpeg()]))


def text_pdf(pages: int = 2) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4)
    for number in range(pages):
        sheet.setFont("Helvetica", 24)
        sheet.drawString(100, 700, f"Articles of association, page {number + 1} (sample)")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def encrypted_pdf(password: str) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(text_pdf())) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(user=password, owner="owner"))
    return out.getvalue()


def bomb_tiff(width: int = 12000, height: int = 8000) -> bytes:
    """A few kilobytes that decode to 96 million pixels."""
    return _saved(Image.new("1", (width, height), 1), "TIFF", compression="group4")


def bomb_png(side: int = 30000) -> bytes:
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


def bomb_pdf() -> bytes:
    """1.6 GB of page content in 1.6 MB: whoever unpacks it reaches a child's limit of memory."""
    packer = zlib.compressobj()
    start = packer.compress(b"0 0 m 1 1 l S\n") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b" " * (16 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)  # leans on nothing before it
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page(page_size=(595, 842))
        content = pikepdf.Stream(pdf, b"")
        content.write(start + block * 100, filter=pikepdf.Name.FlateDecode)
        page.contents_add(content)
        out = io.BytesIO()
        pdf.save(out)
        return out.getvalue()


def huge_page_pdf() -> bytes:
    out = io.BytesIO()
    with pikepdf.new() as pdf:
        pdf.add_blank_page(page_size=(14000, 14000))
        pdf.save(out)
    return out.getvalue()


def gif() -> bytes:
    return _saved(drawing("P"), "GIF")


def bad_files() -> dict[str, tuple[bytes, str]]:
    """Name → (bytes, words the reason must have)."""
    whole_jpeg, whole_png, whole_tiff, whole_pdf = jpeg(), png(), tiff("RGB"), text_pdf()
    many = tiff(*["1"] * 3)
    return {
        "empty.jpg": (b"", "空文件"),
        "one-byte.jpg": (b"\xff", "无法识别"),
        "header.pdf": (b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n", "不完整"),
        "gif-named.jpg": (gif(), "GIF"),
        "zip-named.pdf": (b"PK\x03\x04" + b"\0" * 100, "ZIP"),
        "text-named.png": ("这不是图像".encode(), "无法识别"),
        "script-named.pdf": (b"<html><script>alert(1)</script>", "无法识别"),
        "program-named.tif": (b"MZ" + b"\0" * 200, "程序"),
        "half.jpg": (whole_jpeg[: len(whole_jpeg) // 2], "损坏"),
        "head.jpg": (whole_jpeg[:30], "损坏"),
        "half.png": (whole_png[: len(whole_png) // 2], "损坏"),
        "flipped.png": (whole_png[:1000] + b"\0\0\0\0" + whole_png[1004:], "损坏"),
        "half.tif": (whole_tiff[: len(whole_tiff) // 2], "损坏"),
        "many-cut.tif": (many[: len(many) * 2 // 3], "损坏"),
        "half.pdf": (whole_pdf[: len(whole_pdf) // 2], "不完整"),
        "eof-only.pdf": (b"%PDF-1.7\n%%EOF\n", "无法打开"),
        "locked.pdf": (encrypted_pdf("secret"), "加密"),
        "restricted.pdf": (encrypted_pdf(""), "加密"),
        "bomb.tif": (bomb_tiff(), "像素"),
        "bomb.png": (bomb_png(), "像素"),
        "bomb.jpg": (_jpeg_claiming(60000, 60000), "像素"),
        "bomb.pdf": (huge_page_pdf(), "像素"),
        "tiny.png": (_saved(Image.new("L", (8, 8)), "PNG"), "过小"),
        "moving.png": (_saved(drawing(), "PNG", save_all=True, append_images=[drawing(mark=1)]), "动画"),
    }


def _jpeg_claiming(width: int, height: int) -> bytes:
    content = bytearray(jpeg())
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()
