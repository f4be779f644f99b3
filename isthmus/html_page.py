"""What HTML pages with texts of other people share: files, templates and their policy."""

from __future__ import annotations

import base64
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING

from isthmus.output import escape_controls

if TYPE_CHECKING:
    from jinja2 import Environment

SHARED_FILES = ("isthmus", "page_files")
"""Package and folder of the files of several pages: ECharts, and the look."""


def read_shared_file(name: str) -> str:
    """Returns a file that several pages have, `echarts.min.js` or `look.css`."""
    package, folder = SHARED_FILES
    return files(package).joinpath(folder, name).read_text("utf-8")


def page_environment(package: str) -> Environment:
    """Returns the templates of a package, which escape tags and control characters.

    Args:
        package: Name of the package whose folder has the templates.
    """
    from jinja2 import Environment, PackageLoader

    return Environment(
        loader=PackageLoader(package, "."), autoescape=True, finalize=_without_controls
    )


def policy_hash(text: str) -> str:
    """Returns what a Content-Security-Policy names a script or a style sheet in the page by."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"


def _without_controls(value: object) -> object:
    """Escapes the control characters of a text that is filled into the page."""
    is_text = isinstance(value, str) and not hasattr(value, "__html__")
    return escape_controls(str(value)) if is_text else value
