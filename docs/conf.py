"""Settings of Sphinx for the site. `docs/build.py` gathers the pages and calls Sphinx."""

import re
from typing import Any

from api_pages import KERAS
from docutils.nodes import SkipNode
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx

import embedlab

project = "embedlab"
author = "embedlab developers"
copyright = author  # Sphinx's name for it
release = version = embedlab.__version__

extensions = ["live_views", "myst_nb", "numpydoc", "sphinx.ext.autodoc"]
exclude_patterns = ["_copied"]
html_extra_path = ["_copied"]
html_static_path = ["static"]
templates_path = ["templates"]
html_css_files = ["site.css"]
html_js_files = [("site.js", {"defer": "defer"})]

default_role = "py:obj"  # numpydoc writes names between single backticks
add_module_names = False
autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_mock_imports = KERAS
numpydoc_show_class_members = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "off"  # docs/lesson_pages.py has run them
nb_ipywidgets_js = {}  # no scripts of others: a widget without a kernel is its text
nb_mime_priority_overrides = [("html", "application/vnd.jupyter.widget-view+json", None)]
nb_code_prompt_show = "Show what this cell prints"
nb_code_prompt_hide = "Hide what this cell prints"

html_math_renderer = "mathml"
html_theme = "pydata_sphinx_theme"
html_title = "embedlab"
html_context = {"default_mode": "auto"}
html_show_search_summary = False  # it fetches pages, which a browser refuses in a folder
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "logo": {"text": "embedlab"},
    "footer_start": ["copyright"],
    "footer_end": [],
    "navbar_persistent": ["search-button"],
    "navigation_with_keys": False,
    "header_links_before_dropdown": 6,
    "secondary_sidebar_items": ["page-toc"],
}
html_sidebars = {"index": [], "gallery/**": []}


def escape_stars(*arguments: object) -> None:
    """Keep the star of a shape, ``(*ids.shape, D)``, from beginning an emphasis."""
    lines = arguments[-1]
    assert isinstance(lines, list)
    lines[:] = [re.sub(r"(?<=[(, ])\*(?=\w+[.,)])", r"\\*", line) for line in lines]


def mend_body(*arguments: object) -> None:
    """Give every head of a table and every summary the name that a screen reader needs."""
    context = arguments[3]
    assert isinstance(context, dict)
    body = context.get("body", "")
    body = re.sub(r'<th class="head">(<p></p>)?</th>', "<td></td>", body)
    context["body"] = body.replace(' aria-label="Toggle hidden content"', "")


def write_formula(writer: Any, node: Any) -> None:
    """Write a formula as MathML, which needs no script and no fonts."""
    as_block = node.tagname == "math_block"
    writer.body.append(tex2mathml(node.astext(), as_block=as_block))
    raise SkipNode


def setup(app: Sphinx) -> None:
    """Register them; the first of the hooks before numpydoc's own reading of a docstring."""
    app.add_html_math_renderer("mathml", (write_formula, None), (write_formula, None))
    app.connect("autodoc-process-docstring", escape_stars, priority=400)
    app.connect("html-page-context", mend_body)
