"""How pictures are drawn: one style, as SVG whose colours the page can change.

Texts stay texts: whoever looks at a picture has the letters for titles in any script, which
no font that comes along has. Nothing of Matplotlib's global state is used or changed.
"""

import io
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter
from numpy.typing import NDArray

INK, MUTED, GRID, PAPER = "#1b1f24", "#5a636e", "#d9dee3", "#fefefe"
BLUE, ORANGE, GREEN, VERMILION = "#0072b2", "#e69f00", "#009e73", "#d55e00"
SKY, PURPLE, YELLOW = "#56b4e9", "#cc79a7", "#f0e442"
"""The palette of M. Okabe and K. Ito (2008), which colour-blind readers can tell apart."""

COLOURS = {
    "ink": INK,
    "muted": MUTED,
    "grid": GRID,
    "paper": PAPER,
    "blue": BLUE,
    "orange": ORANGE,
    "green": GREEN,
    "vermilion": VERMILION,
    "sky": SKY,
    "purple": PURPLE,
    "yellow": YELLOW,
}
"""By the name that the page gives them."""

WIDTH, HEIGHT = 5.0, 3.4
"""Inches. So narrow that a telephone shows the letters nearly as large as they are."""

DOTS_PER_INCH = 150
"""Of the parts of a picture that are dots, where there are too many to be shapes."""

LONGEST_NAME = 24
"""Letters of a name beside an axis, which would leave the axis no room."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a title with dollars is no formula
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.5,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.5,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.unicode_minus": False,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "text.color": INK,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 1.8,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
}
_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
_PROLOG = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_GROUP_ID = re.compile(r'(<g) id="[^"]*"')
_OPENING = re.compile(r"(<svg\b[^>]*)>")
_NAMING = re.compile(r' role="img">\s*<title>.*?</title>', re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML may hold, in which a single such letter of a title makes all of it unreadable."""
_SIZE = re.compile(r'(<svg[^>]*?) width="[^"]*"| height="[^"]*pt"')


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture.

    Args:
        name: What its file is called, without an ending.
        alt: What is to be seen, for those who cannot.
        svg: The picture, as a file of its own, on light paper.
    """

    name: str
    alt: str
    svg: str

    @property
    def inline(self) -> str:
        """The same for a page that defines the colours by their names."""
        text = _NAMING.sub(">", _PROLOG.sub("", self.svg), 1)  # the page names it
        for name, value in COLOURS.items():
            text = text.replace(value, f"var(--{name})")
        return text


def draw(
    name: str,
    alt: str,
    paint: Callable[[Axes], None],
    *,
    width: float = WIDTH,
    height: float = HEIGHT,
) -> Picture:
    """Draws a picture of one pair of axes.

    Args:
        name: What its file is called, without an ending.
        alt: What is to be seen, for those who cannot.
        paint: Draws on the axes.
        width: In inches.
        height: In inches.
    """
    with rc_context(_STYLE | {"svg.hashsalt": name}), warnings.catch_warnings():
        # Of titles in scripts that the font has no letters for; see above.
        warnings.filterwarnings("ignore", message=r"Glyph \d+")
        warnings.filterwarnings("ignore", message=r"Matplotlib currently does not support")
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasSVG(figure)
        paint(figure.subplots())
        file = io.StringIO()
        metadata = {"Date": None, "Creator": None}
        figure.savefig(file, format="svg", metadata=metadata, dpi=DOTS_PER_INCH)
    return Picture(name, alt, _tidied(file.getvalue(), alt))


def rectangles(
    axes: Axes,
    left: NDArray[np.floating],
    right: NDArray[np.floating],
    low: NDArray[np.floating],
    high: NDArray[np.floating],
    **look: Any,
) -> None:
    """Rectangles as one thing to be drawn, which takes a fraction of the time of so many.

    Args:
        axes: Where; their limits are set by whoever knows them.
        left: Of each rectangle, (N,); so are the others.
        right: Of each.
        low: Of each.
        high: Of each.
        look: What else matplotlib is told of them.
    """
    corners = np.stack([left, low, right, low, right, high, left, high], axis=1)
    axes.add_collection(PolyCollection(list(corners.reshape(-1, 4, 2)), linewidth=0, **look))


def counted(axis_value: float, _: object = None) -> str:
    """A count that is easy to take in, e.g. "250", "12k" or "1.5M"."""
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if abs(axis_value) >= size:
            return f"{axis_value / size:.3g}{unit}"
    return f"{axis_value:.3g}"


def share(axis_value: float, _: object = None) -> str:
    """A share as a percentage, e.g. "20 %"."""
    return f"{axis_value * 100:.3g} %"


def named(name: str, longest: int = LONGEST_NAME) -> str:
    """A name, of a genre if nothing else is said, as long as a picture has room for it.

    Args:
        name: The name.
        longest: In letters.
    """
    return name if len(name) <= longest else f"{name[: longest - 2]}…"


COUNTS = FuncFormatter(counted)
SHARES = FuncFormatter(share)


def _tidied(svg: str, alt: str) -> str:
    """Without what names the place of its making, with a name and letters that the reader has."""
    svg = _METADATA.sub("", svg)
    svg = _GROUP_ID.sub(r"\1", svg)
    svg = _SIZE.sub(lambda found: found[1] or "", svg)
    svg = svg.replace("'DejaVu Sans'", _FONTS)
    naming = f' role="img">\n <title>{escape(alt)}</title>'
    svg = _OPENING.sub(lambda found: found[1] + naming, svg, 1)
    return _NO_XML.sub("\ufffd", svg)
