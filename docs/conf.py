"""The site: CONTRIBUTING.md has the command. It needs nothing from outside, to build or to read."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

project = "tinygrad_bp"
copyright = "the tinygrad_bp authors"
extensions = ["myst_nb", "site_pages"]
exclude_patterns = ["_static", "pictures"]

# Code is run in every build: what a page shows is what this build gave.
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True
nb_ipywidgets_js = {}  # a script from a CDN
myst_heading_anchors = 4
suppress_warnings = ["mystnb.mime_priority"]

html_theme = "furo"
html_title = "tinygrad_bp"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_search_summary = False  # it would fetch pages, which a browser refuses to pages from a disk
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#005a8e", "color-brand-content": "#0072b2"},
    "dark_css_variables": {"color-brand-primary": "#7cc4f0", "color-brand-content": "#7cc4f0"},
}
