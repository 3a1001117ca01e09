"""Charts as SVG inside a page, as SVG files and as PNG: the same bytes for the same figure.

The colours of the style are markers as well: `svg` turns each into a class beside the colour, so
that a page can recolour an inlined chart in dark mode, while the same SVG opened alone keeps its
own colours.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any

from analyzer.chart_style import ACCENT, GRID, INK, MUTED, PAPER, in_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CLASS_OF_COLOUR = {ACCENT: "accent", INK: "ink", MUTED: "muted", GRID: "grid", PAPER: "paper"}
"""Class suffix that `svg` gives to each colour: ``f-accent`` for fills, ``s-accent`` for
strokes."""


def svg(figure: Figure, *, name: str, title: str, description: str) -> str:
    """Write a figure as SVG that can stand inside a page with a strict content policy.

    The text stays text; there are no style attributes, no dates and no links; every id starts with
    `name`; the picture says its title and description to a screen reader; and each colour of the
    style carries a class (`CLASS_OF_COLOUR`) by which the page can change it.

    Parameters
    ----------
    figure : Figure
        What to write.
    name : str
        Prefix of all ids; letters, digits and ``-``. Unique in the page.
    title, description : str
        What the picture is and what it shows.

    Returns
    -------
    str
        One ``<svg>`` element; the same bytes for the same figure.

    Raises
    ------
    ValueError
        If `name` cannot begin an id.

    Examples
    --------
    >>> import matplotlib.figure
    >>> svg(matplotlib.figure.Figure(), name="rows", title="Rows", description="7 kept")[:27]
    '<svg aria-labelledby="rows-'
    """
    import xml.etree.ElementTree as ElementTree

    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
        raise ValueError(f"{name!r} cannot begin an id: use letters, digits and '-'")
    # Namespaces are only needed in a file of its own; inside HTML the parser supplies them.
    text = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", svg_file(figure))
    text = text[text.index("<svg") :].replace("xlink:href", "href")
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in ("metadata", "style"):
                parent.remove(child)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', text))
    for element in root.iter():
        _restyle(element, name, used)
    for attribute in ("width", "height", "version"):
        root.attrib.pop(attribute, None)
    root.set("stroke-linejoin", "round")
    root.set("role", "img")
    root.set("class", "chart")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    root.attrib = dict(sorted(root.attrib.items()))
    said = (
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
    )
    body = ElementTree.tostring(root, encoding="unicode")
    body = re.sub(r">\s+<", "><", body)
    return re.sub(r"^(<svg[^>]*>)", lambda match: match.group(1) + said, body, count=1).strip()


def svg_file(figure: Figure) -> str:
    """Write a figure as an SVG file of its own; the same text for the same figure.

    Examples
    --------
    >>> import matplotlib.figure
    >>> svg_file(matplotlib.figure.Figure())[:5]
    '<?xml'
    """
    import io

    buffer = io.BytesIO()
    with in_style():
        nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
        figure.savefig(buffer, format="svg", metadata=nothing)
    return buffer.getvalue().decode("utf-8")


def png_file(figure: Figure) -> bytes:
    r"""Write a figure as PNG on white paper, 200 dots an inch; the same bytes for the same figure.

    Examples
    --------
    >>> import matplotlib.figure
    >>> png_file(matplotlib.figure.Figure())[1:4]
    b'PNG'
    """
    import io

    buffer = io.BytesIO()
    with in_style():
        figure.savefig(
            buffer, format="png", dpi=200, facecolor=PAPER, metadata={"Software": None}
        )
    return buffer.getvalue()


def _restyle(element: Any, name: str, used: set[str]) -> None:
    # A strict policy forbids style attributes, so declarations become presentation attributes.
    for declaration in element.attrib.pop("style", "").split(";"):
        key, _, value = declaration.partition(":")
        key, value = key.strip(), value.strip()
        if key == "font":
            size = re.search(r"([\d.]+)px", value)
            element.set("font-size", size.group(1) if size else "10")
            if "bold" in value or "700" in value:
                element.set("font-weight", "bold")
        elif key == "font-family":
            continue  # the page's own letters
        elif key and value:
            element.set(key, value)
    if element.get("transform", "").startswith("rotate(-0 "):
        del element.attrib["transform"]
    classes = []
    for attribute, prefix in (("fill", "f"), ("stroke", "s")):
        colour = element.get(attribute, "").lower()
        if element.tag == "text" and attribute == "fill" and not colour:
            colour = INK
            element.set("fill", INK)
        if colour in CLASS_OF_COLOUR:
            classes.append(f"{prefix}-{CLASS_OF_COLOUR[colour]}")
    if classes:
        element.set("class", " ".join(classes))
    identifier = element.attrib.pop("id", None)
    if identifier in used:
        element.set("id", f"{name}-{identifier}")
    for attribute, value in element.attrib.items():
        if attribute == "href":
            element.set("href", f"#{name}-{value[1:]}")
        elif "url(#" in value:
            element.set(attribute, value.replace("url(#", f"url(#{name}-"))
