"""Where the keys of a config stand in its file, for programs that show a finding at a line."""

from __future__ import annotations

import json
import re
from pathlib import Path

from archdiff.errors import ArchdiffError
from archdiff.reference import parse
from archdiff.sources.json_text import parse_object, read_object, read_text
from archdiff.sources.quantized import BESIDE, with_declaration
from archdiff.sources.source import digest

__all__ = ["key_lines", "lines_of"]

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*+")(\s*+:)?|[{}\[\]]')


def key_lines(reference: str, kind: str, known: str) -> dict[str, int]:
    """The line, from 1, of each key of a config that is a file of the user; empty for every other source.

    The file is read again. Where it is no longer what the source was made of, nothing is said of its lines.

    Args:
        reference: of the source.
        kind: of the source.
        known: digest of the source.
    """
    if kind not in {"file", "directory"}:
        return {}
    try:
        path = Path(parse(reference).target)
        path = path / "config.json" if kind == "directory" else path
        text = read_text(path, reference)
        stated, beside = parse_object(text, reference), path.with_name(BESIDE)
        if kind == "directory" and beside.exists():
            stated = with_declaration(stated, read_object(beside, reference))
    except ArchdiffError:
        return {}
    return lines_of(text) if digest(stated) == known else {}


def lines_of(text: str) -> dict[str, int]:
    """The line, from 1, of each key of a JSON object, those of objects inside it left out.

    Args:
        text: of one JSON object, which has been parsed before.
    """
    found: dict[str, int] = {}
    depth, line, before = 0, 1, 0
    for token in _TOKEN.finditer(text):
        if token[1] is None:
            depth += 1 if token[0] in "{[" else -1
        elif depth == 1 and token[2] is not None:
            line += text.count("\n", before, token.start())
            before = token.start()
            found[json.loads(token[1])] = line
    return found
