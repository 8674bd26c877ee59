"""How Sphinx makes the site; docs/build.py says of what."""

from autograder import __version__

project = html_title = "autograder"
version = release = __version__
extensions = ["myst_parser"]
nitpicky = True
myst_heading_anchors = 4  # as on GitHub
html_theme = "furo"
html_theme_options = {"footer_icons": []}
html_static_path = ["site"]
html_css_files = ["site.css"]
html_show_copyright = html_show_sphinx = html_show_sourcelink = False
html_copy_source = html_use_index = False
html_show_search_summary = False  # they are fetched, which a browser refuses to pages in files
pygments_style, pygments_dark_style = "default", "github-dark"
