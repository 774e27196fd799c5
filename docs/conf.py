"""Sphinx's configuration. `make docs` prepares the sources, which are more than what is in this folder, and builds."""

import idiomatic

project = "idiomatic"
version = release = idiomatic.__version__
html_title = f"idiomatic {release}"

extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_static"]

html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = [("catalogue.js", {"defer": "defer"})]
html_copy_source = False
# From the disk, without a server, no page may read another one.
html_show_search_summary = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "friendly"
pygments_dark_style = "monokai"
