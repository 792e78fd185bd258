"""Sphinx: docs/ as a site. `make docs` puts the pages together and builds it (build.py)."""

import mwm

project = "mwm"
copyright = "mwm contributors, MIT licence"
version = release = mwm.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
myst_heading_anchors = 4  # depth of headings that a link may name, as on GitHub
myst_url_schemes = {"http": None, "https": None, "site": "{{path}}"}  # site: what build.py adds
autodoc_member_order = "bysource"
default_role = "code"  # what docstrings put in backticks
autodoc_typehints = "none"  # the docstrings tell shapes, which types do not
autodoc_preserve_defaults = True
napoleon_attr_annotations = False
napoleon_google_docstring = True
napoleon_use_rtype = False

html_theme = "furo"
html_title = f"mwm {release}"
html_static_path = []
html_show_sphinx = False
html_show_sourcelink = False
html_copy_source = False
