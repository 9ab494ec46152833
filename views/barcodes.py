"""A code as a Code 128 barcode drawn into the page; the filter `barcode` of the templates.

ISO/IEC 15417, code set B: capitals, digits and the short line of our codes, and the other printable ASCII signs. Own
code because the pinned library that draws it (reportlab) would load a PDF library into the serving process.
"""

from itertools import accumulate

from markupsafe import Markup

#: Widths of bar, gap, bar, gap, bar, gap of each symbol value 0-105, in modules; 104 starts code set B.
_TABLE = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 122132 122231 113222 "
    "123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 321221 312212 322112 322211 212123 212321 "
    "232121 111323 131123 131321 112313 132113 132311 211313 231113 231311 112133 112331 132131 113123 113321 133121 "
    "313121 211331 231131 213113 213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 "
    "111422 121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 241112 134111 "
    "111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 412121 111143 111341 131141 114113 "
    "114311 411113 411311 113141 114131 311141 411131 211412 211214 211232"
)
_WIDTHS = tuple(_TABLE.split())
_START_B, _STOP = 104, "2331112"
QUIET, TALL = 10, 40  # modules


def widths(code: str) -> tuple[int, ...]:
    """Widths in modules, bar first, of the whole symbol without quiet zones. Raises ValueError for other signs."""
    if not code or not all(" " <= sign <= "~" for sign in code):
        raise ValueError("printable ASCII only")
    values = [ord(sign) - 32 for sign in code]
    check = (_START_B + sum(place * value for place, value in enumerate(values, start=1))) % 103
    drawn = "".join(_WIDTHS[value] for value in (_START_B, *values, check)) + _STOP
    return tuple(int(width) for width in drawn)


def barcode(code: str) -> Markup:
    """SVG of the barcode with its quiet zones, read out as the code itself."""
    bars = widths(code)
    edges = list(accumulate(bars, initial=QUIET))
    path = "".join(f"M{edges[i]} 0h{bars[i]}v{TALL}h-{bars[i]}z" for i in range(0, len(bars), 2))
    return Markup(
        '<svg class="eq-barcode" role="img" aria-label="条码 {}" viewBox="0 0 {} {}" preserveAspectRatio="none" '
        'shape-rendering="crispEdges"><path fill="#fff" d="M0 0h{}v{}h-{}z"/><path fill="#000" d="{}"/></svg>'
    ).format(code, wide := edges[-1] + QUIET, TALL, wide, TALL, wide, path)
