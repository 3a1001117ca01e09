"""Leaflet in a page: its program, its style and a map's own script, with no network.

folium writes the script; Leaflet comes from the package, and folium's other libraries (jQuery,
Bootstrap, icon fonts) are left out, since circles and lines need none of them. Whatever comes
from the data is written as character references, because folium puts tooltips inside JavaScript
template strings.
"""

from __future__ import annotations

import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from analyzer.report.tables import clean_text
from analyzer.report.texts import ENGLISH, Texts

if TYPE_CHECKING:
    import folium

WORDS = """
L.Control.Zoom.mergeOptions({{zoomInTitle: {zoom_in}, zoomOutTitle: {zoom_out}}});
L.Control.Scale.include({{_updateMetric: function (most) {{
const meters = this._getRoundNum(most);
const said = meters < 1000 ? {m}.replace("#", meters) : {km}.replace("#", meters / 1000);
this._updateScale(this._mScale, said, meters / most);
}}}});
"""
"""Leaflet has English words for its buttons, and Latin letters for its units."""

NAMED = """
THE_MAP.eachLayer(function (layer) {
const tip = layer.getTooltip && layer.getTooltip();
const drawn = layer.getElement && layer.getElement();
if (!tip || !drawn || tip.options.permanent) { return; }
const said = new DOMParser().parseFromString(tip.getContent(), "text/html").body.textContent;
drawn.setAttribute("role", "img");
drawn.setAttribute("aria-label", said.trim());
});
"""
"""Dots and lines with a tooltip can be reached by keyboard: each says what its tooltip does."""

LEAFLET_WORDS = {
    "map.layers": '"Layers"',
    "map.leaflet": '"A JavaScript library for interactive maps"',
}
"""English words that stand in Leaflet's program itself."""


def embed(the_map: folium.Map, texts: Texts = ENGLISH) -> tuple[str, str]:
    """Write a map of `analyzer.report.blank_map.new_map` as an element and its script.

    Parameters
    ----------
    the_map : folium.Map
    texts : Texts
        In whose language its scale and buttons are.

    Returns
    -------
    html, script : str
        The same bytes for the same map.
    """
    root: Any = the_map.get_root()
    root.render()
    names = _stable_names(root)

    def renamed(text: str) -> str:
        return re.sub(r"[0-9a-f]{32}", lambda match: names.get(match.group(), match.group()), text)

    drawn = _own_words(texts) + root.script.render() + NAMED.replace("THE_MAP", the_map.get_name())
    script = "\n".join(line.strip() for line in renamed(drawn).splitlines() if line.strip())
    # folium offers no way to leave miles off the scale.
    script = _no_end_tag(script.replace("control.scale()", "control.scale({imperial:false})"))
    return renamed(root.html.render()).strip(), script


def _own_words(texts: Texts) -> str:
    """Give Leaflet the page's words for its buttons and units."""
    words = {name: json.dumps(texts(f"map.{name}", n="#") if name in ("km", "m") else
                              texts(f"map.{name}"), ensure_ascii=False)
             for name in ("zoom_in", "zoom_out", "km", "m")}  # fmt: skip
    return WORDS.format(**words)


@cache
def leaflet_script(texts: Texts = ENGLISH) -> str:
    """Leaflet's program in the words of a page, ready to stand between script tags."""
    text = _asset("leaflet.js")
    for key, english in LEAFLET_WORDS.items():
        text = text.replace(english, json.dumps(texts(key), ensure_ascii=False))
    return _no_end_tag(re.sub(r"//# sourceMappingURL=.*", "", text).strip())


@cache
def leaflet_style() -> str:
    """Leaflet's style sheet without the rules that load pictures."""
    text = re.sub(r"/\*.*?\*/", "", _asset("leaflet.css"), flags=re.DOTALL)
    text = re.sub(r"[^;{}]*url\([^)]*\)[^;}]*;?", "", text)
    return re.sub(r"\s+", " ", text).strip()


def script_safe(value: object, *, limit: int = 60) -> str:
    """Write text from the data so that neither HTML, JavaScript nor a template can act on it.

    Examples
    --------
    >>> script_safe("<b>${x}`")
    '&lt;b&gt;&#36;&#123;x&#125;&#96;'
    """
    text = escape(clean_text(value, limit=limit), quote=True)
    for character in "\\`${}":
        text = text.replace(character, f"&#{ord(character)};")
    return text


def _asset(name: str) -> str:
    return files("analyzer.report").joinpath(f"assets/{name}").read_text(encoding="utf-8")


def _no_end_tag(script: str) -> str:
    return re.sub(r"<(?=/script|!--|script)", r"\\x3c", script, flags=re.IGNORECASE)


def _stable_names(element: Any) -> dict[str, str]:
    # branca draws random ids; numbering them by their place in the tree makes equal maps equal
    # bytes.
    found: list[str] = []

    def visit(node: Any) -> None:
        found.append(node._id)
        for child in node._children.values():
            visit(child)
        for part in ("header", "html", "script"):
            if part in vars(node):
                visit(vars(node)[part])

    visit(element)
    return {name: f"z{at}" for at, name in enumerate(dict.fromkeys(found))}
