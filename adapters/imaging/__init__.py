"""Page images: reading strangers' scans, rendering viewing sizes, burning in watermarks; for the workshop."""

from dataclasses import dataclass

from conf.errors import WorkFault

#: A3 at 600 dpi and no more; Pillow alone only warns at 89 million and opens twice that.
MAX_PIXELS = 80_000_000
#: Smaller than this on a side is no page of a dossier.
MIN_SIDE = 100
MAX_PAGES = 1000
MAX_FILE_BYTES = 200 << 20
#: Only these are ever opened; Pillow's other decoders stay shut.
FORMATS = ("JPEG", "PNG", "TIFF")


class ScanRefused(WorkFault):
    """A file that cannot be taken; `reason` is one Chinese sentence that says what to do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScanPage:
    """One page found in a file. `content` are the bytes to keep: the original's own wherever one image is one page."""

    content: bytes
    media_type: str  # image/jpeg, image/png or image/tiff
    width: int  # pixels
    height: int
    dpi: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Sizes:
    """The viewing sizes of one page, each a JPEG."""

    thumb: bytes
    view: bytes
    full: bytes
