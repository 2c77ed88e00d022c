"""The front end of both pages, as one HTML file that is opened from disk.

`front/` holds plain ES modules and style sheets. A page opened from disk may not load modules from other files, so
those that it needs are put into it, each once and after those that it imports. A content security policy in the page
forbids every connection; pictures may come from the page itself and from files beside it.
"""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

IMPORT = re.compile(r'^import \{[^}]*\} from "\./([a-z]+)\.js";\n', re.M)
EXPORT = re.compile(r"^export (?=(async )?(function|class|const) )", re.M)


def page(kind: str, title: str, data: Any) -> str:
    """The text of a page.

    Args:
        kind: "trials" or "results": the module and the style sheet in `front/`.
        title: Of the page.
        data: What the module is given, as JSON.
    """
    from jinja2 import Environment, PackageLoader

    template = Environment(loader=PackageLoader("viton_cli.pages", "templates"), autoescape=True).get_template(
        "page.html"
    )
    # "<" escaped, so that no text in the data can end the script element that holds it.
    plain = json.dumps(data, ensure_ascii=True, separators=(",", ":")).replace("<", "\\u003c")
    return template.render(title=title, style=style_of(kind), script=script_of(kind), data=plain)


def style_of(name: str) -> str:
    """The style sheet of one page, after what all pages share."""
    return _read("base.css") + _read(f"{name}.css")


def script_of(name: str) -> str:
    """One module with all that it imports, as the text of one module."""
    done: list[str] = []

    def add(module: str) -> str:
        if module in done:
            return ""
        done.append(module)
        source = _read(f"{module}.js")
        needed = "".join(add(other) for other in IMPORT.findall(source))
        return needed + EXPORT.sub("", IMPORT.sub("", source)) + "\n"

    return add(name)


def _read(name: str) -> str:
    return files("viton_cli.pages").joinpath("front", name).read_text(encoding="utf-8")
