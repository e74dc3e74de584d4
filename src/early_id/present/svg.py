"""From a matplotlib figure to an SVG that can stand inside a page, be read aloud, and be compared byte by byte."""

from __future__ import annotations

import hashlib
import re
from io import StringIO
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_PROLOGUE = re.compile(r"^.*?(?=<svg)", re.DOTALL)
_METADATA = re.compile(r"\s*<metadata>.*?</metadata>", re.DOTALL)
_OPENING = re.compile(r"<svg[^>]*>", re.DOTALL)
_COMMENT = re.compile(r"\s*<!--.*?-->", re.DOTALL)
_SIZE = re.compile(r'viewBox="0 0 ([\d.]+) ([\d.]+)"')
_FONT = re.compile(r"'DejaVu Sans'[^;\"]*")

#: The layout is worked out with DejaVu Sans, which is wider than these, so text never runs out of its place.
_READER_FONT = "Arial, 'Liberation Sans', Helvetica, sans-serif"


def as_inline_svg(figure: Figure, *, title: str, desc: str) -> Markup:
    """The figure as one ``<svg role="img">`` element.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        Drawn under ``svg.fonttype: none`` and a fixed ``svg.hashsalt``.
    title, desc : str
        Become ``<title>`` and ``<desc>``: what a reader who does not see the picture is told.
    """
    out = StringIO()
    figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None}, transparent=True)
    drawn = out.getvalue()
    # Several charts share a page, so every id gets a prefix made from what is drawn and said.
    prefix = "c" + hashlib.sha256(f"{title}|{desc}|{drawn}".encode()).hexdigest()[:8]
    size = _SIZE.search(drawn)
    width, height = size.groups() if size else ("600", "400")
    inner = _OPENING.sub("", _METADATA.sub("", _COMMENT.sub("", _PROLOGUE.sub("", drawn))), count=1)
    inner = re.sub(r'\bid="', f'id="{prefix}-', inner)
    inner = re.sub(r'xlink:href="#', f'href="#{prefix}-', inner)
    inner = re.sub(r"url\(#", f"url(#{prefix}-", inner)
    inner = _FONT.sub(_READER_FONT, inner)
    # matplotlib writes sizes in points; 4/3 brings them to the 96 pixels an inch of a page.
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="{prefix}-title {prefix}-desc" '
        f'viewBox="0 0 {width} {height}" width="{float(width) * 4 / 3:.0f}" height="{float(height) * 4 / 3:.0f}">'
        f'<title id="{prefix}-title">{escape(title)}</title><desc id="{prefix}-desc">{escape(desc)}</desc>'
    )
    return Markup(head + inner.strip())  # matplotlib escapes its own text; ours is escaped above
