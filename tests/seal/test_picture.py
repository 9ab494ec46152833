"""The drawn seal looks like one: round, red, see-through, with star and text."""

from pathlib import Path

from PIL import Image

from adapters.seal.picture import DPI, SIZE_MM, draw_seal, seal_picture
from conf.settings import load_settings

NAME = "广州市天河区企业登记档案查询专用章"


def ink(picture: Image.Image, x: float, y: float, *, reach: float = 0.02) -> float:
    """Share of inked pixels about a place given in parts of the width."""
    w = picture.width
    box = tuple(round(v * w) for v in (x - reach, y - reach, x + reach, y + reach))
    alpha = picture.getchannel("A").crop(box)
    return sum(value > 100 for value in alpha.get_flattened_data()) / (alpha.width * alpha.height)


def test_the_seal_is_a_red_circle_of_40_mm_with_a_star(tmp_path: Path) -> None:
    path = seal_picture(load_settings(var_dir=tmp_path))
    with Image.open(path) as picture:
        assert picture.size == (round(SIZE_MM / 25.4 * DPI),) * 2
        assert picture.mode == "RGBA"
        assert round(picture.info["dpi"][0]) == DPI
        assert picture.getpixel((picture.width // 2, round(picture.width * 0.47)))[:3] == (230, 0, 18)
        assert ink(picture, 0.5, 0.47) == 1.0, "the star"
        assert ink(picture, 0.03, 0.03) == 0.0, "the corners are open"
        assert ink(picture, 0.5, 0.03, reach=0.008) > 0.9, "the rim"
    assert path.parent == tmp_path / "dev"


def test_only_a_drawn_sample_says_so() -> None:
    foot = (0.5, 0.865)
    assert ink(draw_seal(NAME, sample=True), *foot) > 0.2
    assert ink(draw_seal(NAME, sample=False), *foot) == 0.0


def test_a_deployments_own_picture_is_used_as_it_is(tmp_path: Path) -> None:
    own = tmp_path / "own.png"
    assert seal_picture(load_settings(var_dir=tmp_path, seal_picture_file=own)) == own
