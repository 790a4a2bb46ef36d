"""The page around the sections: one file that asks for nothing, and runs nothing but what stands in it."""

from __future__ import annotations

import base64
import hashlib
import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from archdiff.render.html.markup import Markup, join, shown, tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from archdiff.render.html.markup import Content

__all__ = ["Stock", "embedded", "page"]


class Stock:
    """What the page's program draws: diagrams and long lists, in the order of the page."""

    def __init__(self) -> None:
        self.benches: list[dict[str, Any]] = []
        self.lists: list[dict[str, Any]] = []

    def bench(self, diagram: dict[str, Any]) -> str:
        """Keep a diagram; its number."""
        self.benches.append(diagram)
        return str(len(self.benches) - 1)

    def long_list(self, rows: Sequence[Sequence[str]], code: Sequence[int]) -> str:
        """Keep the rows of a long list, of which these columns hold names from files; its number."""
        self.lists.append({"rows": rows, "code": list(code)})
        return str(len(self.lists) - 1)


def page(title: str, content: Sequence[Content], stock: Stock, source: str, file_name: str) -> str:
    """The whole document.

    Args:
        title: of the window.
        content: header and sections; what has an id is named by the navigation.
        stock: what the program draws.
        source: the document as JSON, byte for byte what the JSON format is.
        file_name: proposed for the JSON when a reader saves it.
    """
    style, script = _joined(".css"), f'(() => {{\n"use strict";\n{_joined(".js")}}})();\n'
    policy = (
        f"default-src 'none'; script-src '{_digest(script)}'; style-src '{_digest(style)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=policy),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("meta", name="generator", content="archdiff"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    data = {"benches": stock.benches, "lists": stock.lists}
    body = tag(
        "body",
        tag("a", "Skip to the content", href="#content", class_="skip"),
        _bar(content, file_name),
        tag("main", *content, id="content", tabindex="-1"),
        tag("noscript", tag("p", "The diagram and the long lists need JavaScript; the rest of this page does not.")),
        embedded("page-data", json.dumps(data, ensure_ascii=False, separators=(",", ":"))),
        embedded("report-json", source),
        tag("script", Markup(script)),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, body, lang='en')}\n"


def embedded(key: str, text: str) -> Markup:
    """JSON in the page: `<` becomes its escape, which JSON reads alike, so that no text can end the element."""
    return tag("script", Markup(text.replace("<", "\\u003c")), type="application/json", id=key)


def _bar(content: Sequence[Content], file_name: str) -> Markup:
    """The navigation, the theme and the JSON."""
    links = [tag("li", tag("a", title, href=f"#{key}")) for key, title in _named(content)]
    buttons = tag(
        "div",
        tag("button", "Dark", type="button", id="theme", class_="quiet", aria_pressed="false", title="Dark colours"),
        tag("button", "JSON", type="button", id="download", class_="quiet", data_name=file_name, title="Save the JSON"),
        class_="bar-buttons",
    )
    mark = tag("a", "archdiff", href="#content", class_="word-mark")
    return tag("header", mark, tag("nav", tag("ul", *links), aria_label="Sections"), buttons, class_="bar")


def _named(content: Sequence[Content]) -> Iterator[tuple[str, Markup]]:
    """Ids and titles of the sections."""
    for part in content:
        start = str(part)
        if start.startswith("<section") and '<h2 id="' in start:
            key, _, rest = start.partition('<h2 id="')[2].partition('-title">')
            yield key, Markup(rest.partition("</h2>")[0])


def _joined(ending: str) -> str:
    """The texts of the package's files with an ending, in the order of their names."""
    found = sorted((each for each in files(__package__).joinpath("assets").iterdir()), key=lambda each: each.name)
    return "\n".join(each.read_text("utf-8") for each in found if each.name.endswith(ending))


def _digest(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode('ascii')}"


def picture(svg: str, about: str) -> Markup:
    """A drawing as an image, in which nothing can run."""
    data = base64.b64encode(svg.encode()).decode("ascii")
    return join(
        [Markup(f'<img class="picture" src="data:image/svg+xml;base64,{data}" alt="'), shown(about), Markup('">')]
    )
