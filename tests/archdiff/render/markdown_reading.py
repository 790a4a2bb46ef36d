"""Markdown as a code host reads it: tables, raw HTML, and then the links, mentions and references in what is left."""

from __future__ import annotations

import re

from markdown_it import MarkdownIt

READER = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OURS = re.compile(r"<details><summary>[^<>]*</summary>\n?|</details>\n?")
APART = "\u200b"

# What GitHub and GitLab look for in text that is no code, once Markdown is parsed.
NOTICED = {
    "mention": re.compile(r"@\w"),
    "issue": re.compile(r"#\d|\bgh-\d", re.IGNORECASE),
    "merge request, label or milestone": re.compile(r"[!~%&$^]\w"),
    "address": re.compile(r"\w://|www\.|mailto:\w|xmpp:\w", re.IGNORECASE),
    "emoji": re.compile(r":[\w+-]+:"),
    "commit": re.compile(r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{7,40}\b", re.IGNORECASE),
}


def inline(source):
    """Every token inside a line, as markdown-it sees them."""
    for token in READER.parse(source):
        yield from token.children or ()


def blocks(source):
    """Every block token."""
    return READER.parse(source)


def texts(source):
    """What is shown as text, and what as code."""
    tokens = list(inline(source))
    return [t.content for t in tokens if t.type == "text"], [t.content for t in tokens if t.type == "code_inline"]


def shown(source):
    """All of it as a reader sees it, invisible spaces left out."""
    return "".join(t.content for t in inline(source) if t.type in {"text", "code_inline"}).replace(APART, "")


def assert_inert(source):
    """Nothing in it links, mentions, refers or is HTML, but for the folding that is ours."""
    for token in blocks(source):
        if token.type == "html_block":
            assert OURS.fullmatch(token.content), token.content
        assert token.type not in {"fence", "code_block", "blockquote_open", "hr", "lheading_open"}, token.type
    for token in inline(source):
        assert token.type not in {"html_inline", "link_open", "image", "s_open", "softbreak", "hardbreak"}, token
    assert "$" not in re.sub(r"`[^`]*`", "", source), "mathematics is found before Markdown is parsed"
    joined = "\n".join(texts(source)[0])
    for what, pattern in NOTICED.items():
        assert not pattern.search(joined), (what, pattern.search(joined), joined)


def table(source):
    """The rows of the only table, as lists of what each cell shows."""
    cells, found = [], []
    for token in blocks(source):
        if token.type == "tr_close":
            found.append(cells)
            cells = []
        elif token.type == "inline" and token.level > 2:
            cells.append(shown(token.content))
    return found
