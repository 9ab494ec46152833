"""Probing, rendering and watermarking page images: what is kept, how it looks, what is refused."""

import io

import pytest
from PIL import Image, ImageChops, ImageFile, ImageStat

from adapters.imaging import ScanRefused
from adapters.imaging.fonts import face_for, uncovered
from adapters.imaging.probe import page_count, probe
from adapters.imaging.render import render
from adapters.imaging.watermark import watermark
from tests.intake import scans

LINES = ("查询人：*砚澈　用途：办理本企业事务", "2026-11-21 10:00　䶮㛃𠮷")


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content), formats=("JPEG", "PNG", "TIFF"))
    image.load()
    return image


@pytest.mark.parametrize(
    ("content", "media", "modes"),
    [
        (scans.jpeg(), "image/jpeg", ["RGB"]),
        (scans.jpeg("CMYK"), "image/jpeg", ["CMYK"]),
        (scans.png("1"), "image/png", ["1"]),
        (scans.png("RGBA"), "image/png", ["RGB"]),
        (scans.tiff("1"), "image/tiff", ["1"]),
        (scans.tiff("1", "1"), "image/tiff", ["1", "1"]),
        (scans.tiff("RGB", "L"), "image/png", ["RGB", "L"]),
        (scans.scanned_pdf(scans.jpeg(), scans.jpeg("L")), "image/jpeg", ["RGB", "L"]),
        (scans.scanned_pdf(scans.tiff("1")), "image/png", ["1"]),
        (scans.text_pdf(2), "image/png", ["L", "L"]),
    ],
)
def test_each_kind_gives_its_pages_in_their_plainest_form(content: bytes, media: str, modes: list[str]) -> None:
    pages = probe(content, "file")
    assert [opened(page.content).mode for page in pages] == modes
    assert {page.media_type for page in pages} == {media}
    assert all(opened(page.content).size == (page.width, page.height) for page in pages)
    assert page_count(content, "file") == len(pages)


def test_a_slice_of_a_long_file_is_the_same_pages() -> None:
    for content in (scans.tiff("1", "1", "1"), scans.text_pdf(3)):
        assert probe(content, "file", first=1, count=1) == probe(content, "file")[1:2]


def test_a_fax_page_in_a_pdf_keeps_every_dot() -> None:
    (page,) = probe(scans.scanned_pdf(scans.tiff("1")), "fax.pdf")
    assert ImageChops.difference(opened(page.content).convert("L"), scans.drawing("1").convert("L")).getbbox() is None


@pytest.mark.parametrize("name", sorted(scans.bad_files()))
def test_a_bad_file_is_refused_with_its_name_and_what_to_do(name: str) -> None:
    content, words = scans.bad_files()[name]
    with pytest.raises(ScanRefused) as caught:
        probe(content, name, count=page_count(content, name))
    assert words in caught.value.reason
    assert name in caught.value.reason


def test_a_truncated_scan_is_refused_even_beside_a_library_that_tolerates_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)  # as importing WeasyPrint does
    with pytest.raises(ScanRefused):
        probe(scans.jpeg()[:3000], "half.jpg")


def test_sizes_are_never_enlarged_and_a_jpeg_stays_itself_at_full_size() -> None:
    small, large = scans.jpeg(), probe(scans.text_pdf(1), "a.pdf")[0].content
    sizes = render(small)
    assert sizes.full == small
    assert opened(sizes.view).size == scans.SIZE
    assert opened(sizes.thumb).width == 200
    assert opened(render(large).view).width == 1240


def test_black_and_white_scans_get_grey_steps_and_cmyk_becomes_rgb() -> None:
    page = scans.drawing("1", size=(2480, 3508))
    out = io.BytesIO()
    page.save(out, "PNG")
    view = opened(render(out.getvalue()).view)
    assert view.mode == "L"
    assert sum(count > 0 for count in view.histogram()[40:210]) > 20
    sizes = render(scans.jpeg("CMYK"))
    assert {opened(one).mode for one in (sizes.thumb, sizes.view, sizes.full)} == {"RGB"}


def test_a_scan_lying_on_its_side_is_turned_upright() -> None:
    out = io.BytesIO()
    turned = Image.Exif()
    turned[0x0112] = 6
    scans.drawing(size=(877, 620)).save(out, "JPEG", exif=turned)
    assert opened(render(out.getvalue()).full).size == (620, 877)


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_the_watermark_covers_the_page_and_leaves_it_readable(mode: str) -> None:
    page = scans.jpeg(mode)
    marked = opened(watermark(page, LINES))
    assert (marked.size, marked.mode) == (scans.SIZE, mode)
    changed = ImageChops.difference(opened(page).convert("L"), marked.convert("L")).point(
        lambda value: 255 * (value > 12)
    )
    third = (scans.SIZE[0] // 3, scans.SIZE[1] // 3)
    for column in range(3):
        for row in range(3):
            box = (column * third[0], row * third[1], (column + 1) * third[0], (row + 1) * third[1])
            share = ImageStat.Stat(changed.crop(box)).mean[0] / 255
            assert 0.01 < share < 0.4, (column, row)
    dark = opened(page).convert("L").point(lambda value: 255 * (value < 60))
    still = ImageStat.Stat(marked.convert("L"), dark).mean[0]
    assert still < 80  # black print stays black


def test_another_visitor_gets_another_watermark() -> None:
    page = scans.jpeg()
    assert watermark(page, LINES) == watermark(page, LINES)
    assert watermark(page, LINES) != watermark(page, ("查询人：*映棠", LINES[1]))


def test_rare_characters_have_a_font_and_what_none_draws_is_reported() -> None:
    assert uncovered("天河䶮㛃𠮷 abc") == ""
    assert face_for("䶮") is not None
    assert uncovered("好\U0010fffd") == "\U0010fffd"
    assert watermark(scans.jpeg(), ("\U0010fffd",)).startswith(b"\xff\xd8\xff")
