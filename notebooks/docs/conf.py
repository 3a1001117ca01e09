"""The site: ``python -m sphinx -W -b html -c notebooks/docs notebooks OUT`` from the top level."""

from __future__ import annotations

import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from analyzer import __version__  # noqa: E402

project = "platerisk"
copyright = "the platerisk authors, BSD-3-Clause"
version = release = __version__
root_doc = "docs/index"
extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_nb"]
exclude_patterns = ["**/_build", "**/.ipynb_checkpoints", "docs/root"]

# Outputs are committed, and a test holds them against a fresh run: the site is built in seconds.
nb_execution_mode = "off"
nb_merge_streams = True
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
myst_url_schemes = {"doi": "https://doi.org/{{path}}", "https": None}

autodoc_member_order = "bysource"
autodoc_typehints = "none"
numpydoc_show_class_members = False
numpydoc_xref_param_type = False

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
# The first page of the site, which leads to that of the documentation.
html_extra_path = ["root"]
html_title = f"platerisk {__version__}"
html_show_sphinx = False
html_copy_source = False
# No time of building: the same sources give the same pages.
html_last_updated_fmt = None

html_math_renderer = "mathml"


def _math(translator, node, display: bool) -> None:
    """Write a formula as MathML, which browsers draw themselves: MathJax would need a network."""
    from docutils import nodes
    from docutils.utils.math import latex2mathml

    tree = latex2mathml.tex2mathml(node.astext(), as_block=display)
    translator.body.append(f"<div class=\"math\">{tree}</div>" if display else tree)
    raise nodes.SkipNode


def setup(app) -> None:
    """Register the renderer of formulas."""
    app.add_html_math_renderer(
        "mathml",
        (lambda translator, node: _math(translator, node, False), None),
        (lambda translator, node: _math(translator, node, True), None),
    )
