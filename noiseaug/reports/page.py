"""The page: a template filled in, with a policy under which nothing else runs or loads."""

from __future__ import annotations

import base64
import hashlib
import importlib.resources
from typing import Any

import jinja2
from markupsafe import Markup

from noiseaug.reports import BEGINNING
from noiseaug.reports.rows import shortened

_LONGEST = 1500  # characters of a text; those of names are shortened before
_FILES = importlib.resources.files("noiseaug.reports") / "page"


def rendered(facts: dict[str, Any]) -> bytes:
    """Return the page as UTF-8; what no encoding has, such as bytes in names, stands as escapes."""
    style, script = (_FILES.joinpath(name).read_text("utf-8") for name in ("report.css", "report.js"))
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: _FILES.joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    policy = (
        f"default-src 'none'; img-src data:; media-src data:; style-src '{_hash(style)}'; "
        f"script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    )
    page = environment.get_template("report.html").render(
        beginning=Markup(BEGINNING),
        policy=Markup(policy),
        style=Markup(style),  # a file of ours, as the next
        script=Markup(script),
        **facts,
    )
    return page.encode("utf-8", "backslashreplace")


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _shown(value: Any) -> Any:
    """Return a value as the page shows it: of text, no more than a line, and nothing that changes how it is drawn."""
    if value is None:
        return ""
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    value = shortened(value, _LONGEST)
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in value)
