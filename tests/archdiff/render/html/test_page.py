"""The page as text: whole, self-contained, safe, and the same in every run."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from archdiff.render import render
from archdiff.render.html.markup import LONGEST, Markup, bullets, join, prose, shown, table, tag
from archdiff.render.html.page import embedded
from archdiff.report.portrait import portray
from tests.archdiff.making import graph, layer
from tests.archdiff.render.html.pages import HOSTILE, hostile, large, page, raw_script, told

MADE = told()


def test_it_is_one_document_whose_elements_all_close():
    found = page(MADE)
    assert found.source.startswith("<!DOCTYPE html>\n<html lang=")
    assert [name for name, _ in found.elements].count("body") == 1
    assert found.one("title")[""] == "old-model → new-model · archdiff"


def test_it_is_the_same_in_every_run():
    assert render(MADE, "html") == render(told(), "html")


def test_it_names_nothing_outside_of_it():
    found = page(MADE)
    links = [value for _, a in found.elements for key, value in a.items() if key in ("src", "href", "action", "data")]
    assert links
    assert all(link.startswith(("#", "data:image/svg+xml;base64,")) for link in links)
    assert "http://" not in found.source.replace("http://www.w3.org/", "")
    assert "https://" not in found.source


def test_the_policy_lets_nothing_in_but_this_style_and_this_script():
    found = page(MADE)
    (policy,) = [a["content"] for a in found.all("meta", http_equiv="Content-Security-Policy")]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    (code,) = [a[""] for a in found.all("script") if "type" not in a]
    assert rules == {
        "default-src": "'none'",
        "script-src": f"'{digest(code)}'",
        "style-src": f"'{digest(found.one('style')[''])}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def digest(text):
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def test_no_element_carries_a_style_or_a_handler():
    for source in (MADE, hostile(), large(3, 4)):
        names = {key for _, attributes in page(source).elements for key in attributes}
        assert not [name for name in names if name.startswith("on") or name == "style"]


def test_the_json_in_it_is_the_json_format_byte_for_byte():
    for document in (MADE, hostile()):
        embedded_text = raw_script(render(document, "html"), "report-json")
        assert "<" not in embedded_text
        assert unescaped(embedded_text) == render(document, "json")


def unescaped(text):
    return re.sub(r"\\(u003c|.)", lambda m: "<" if m[1] == "u003c" else m[0], text, flags=re.DOTALL)


@pytest.mark.parametrize("text", ["<", "\\u003c", "\\\\u003c", "</script>", "<!-- <script>", "a\\", "\\\\\\<"])
def test_what_is_embedded_cannot_end_its_element_and_reads_back(text):
    source = json.dumps({"x": text})
    made = str(embedded("a-key", source))
    inside = made.removeprefix('<script type="application/json" id="a-key">').removesuffix("</script>")
    assert "<" not in inside
    assert json.loads(inside) == {"x": text}
    assert unescaped(inside) == source


def test_hostile_names_are_text():
    found = page(hostile())
    assert not found.all("img")
    assert len(found.all("script")) == 3
    shown_text = "".join(a[""] for name, a in found.elements if name == "main")
    assert "</script><img src=x onerror" in shown_text
    assert not re.search("[\u202e\x1b]", found.source.replace(raw_script(found.source, "report-json"), ""))
    assert "\u202e" not in json.dumps(found.data(), ensure_ascii=False)


def test_a_hostile_name_proposes_a_plain_file_name():
    (name,) = [a["data-name"] for a in page(hostile()).all("button", id="download")]
    assert re.fullmatch(r"[\w.-]+\.json", name, re.ASCII)
    assert len(name) < 100


def test_every_id_stands_once_and_what_points_at_one_finds_it():
    found = page(MADE)
    ids = [a["id"] for _, a in found.elements if "id" in a]
    assert len(ids) == len(set(ids))
    wanted = [a["href"].removeprefix("#") for a in found.all("a")]
    wanted += [a["aria-labelledby"] for a in found.all("section")] + [
        a["for"] for a in found.all("label") if "for" in a
    ]
    assert set(wanted) <= set(ids)


def test_the_navigation_names_every_section():
    found = page(MADE)
    sections = [a["id"] for a in found.all("section")]
    assert [a["href"][1:] for a in found.all("a") if a["href"] != "#content"] == sections
    assert sections == ["findings", "configuration", "changes", "not-checked", "about"]


def test_every_table_has_a_caption():
    found = page(MADE)
    assert len(found.all("caption")) == len(found.all("table")) > 3
    assert all(a[""] for a in found.all("caption"))


def test_a_page_is_little_more_than_its_json():
    overhead = len(render(MADE, "html")) - len(render(MADE, "json"))
    assert overhead < 120_000


def test_a_portrait_has_a_page():
    found = page(portray(graph("one", layer(0))))
    assert found.one("h1")[""] == "one"
    assert {a["id"] for a in found.all("section")} >= {"diagram", "parameters", "facts", "not-checked"}


def test_text_is_escaped_and_html_is_not_escaped_twice():
    assert shown("<b>\x1b") == "&lt;b&gt;\\x1b"
    assert tag("p", "<", tag("b", "&")) == "<p>&lt;<b>&amp;</b></p>"
    assert join(["a<", Markup("<br>"), None]) == "a&lt;<br>"
    assert (
        tag("input", value='">', disabled=True, name=None, class_="x")
        == '<input value="&quot;&gt;" disabled class="x">'
    )


def test_long_texts_are_cut_in_the_page_alone():
    assert len(shown("x" * (LONGEST * 2))) == LONGEST


def test_names_between_backticks_are_code():
    assert prose("from `a<b` to `c`") == "from <code>a&lt;b</code> to <code>c</code>"
    assert prose("one ` alone") == "one ` alone"


def test_lists_and_tables():
    assert bullets(()) is None
    made = table("Named", ("", "x"), [("a", "1"), ("b", "2")], numbers=(1,), marked=(1,))
    assert made.count("<tr") == 3
    assert made.count('<tr class="differs">') == 1
    assert '<caption class="unseen">Named</caption>' in made
    assert made.count('<td class="number">') == 2


def test_hostile_names_stand_in_no_attribute_unescaped():
    made = tag("a", "x", title=HOSTILE)
    assert made.count(">") == 2
    assert "\x1b" not in made
