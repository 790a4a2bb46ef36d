"""What stands between a file and its records: lines, pieces, blocks, numbers; the same whatever the boundaries."""

from __future__ import annotations

import json
import math
import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archdiff.errors import SourceError
from archdiff.evidence.training_log.reading import files, open_log, table, trainer_state, wandb
from archdiff.evidence.training_log.reading.files import digest, open_file
from archdiff.evidence.training_log.reading.numbers import flat, number, object_of, settings_of
from tests.archdiff.evidence.training_log.logs import json_lines, records, scratch
from tests.archdiff.evidence.training_log.logs import trainer_state as write_state

ONE_FOLDER = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])


def opened(path, data):
    path.write_bytes(data)
    return open_file(path, str(path))


def test_lines_have_their_numbers_and_no_ends(tmp_path):
    file = opened(tmp_path / "a", b"\xef\xbb\xbfone\r\n\n  two\t\n\nthree")
    assert list(file.lines()) == [(1, b"one"), (3, b"two"), (5, b"three")]


def test_what_is_written_later_is_not_read(tmp_path):
    file = opened(tmp_path / "a", b"one\ntwo\n")
    before = digest([file])
    with (tmp_path / "a").open("ab") as more:
        more.write(b"three\n")
    assert [line for _, line in file.lines()] == [b"one", b"two"]
    assert digest([file]) == before


def test_a_line_that_is_too_long(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "LONGEST_LINE", 10)
    file = opened(tmp_path / "a", b"short\n" + b"x" * 30)
    with pytest.raises(SourceError, match="line 2 is longer than"):
        list(file.lines())


def test_the_digest_of_several_files_minds_their_order(tmp_path):
    one, two = opened(tmp_path / "a", b"one"), opened(tmp_path / "b", b"two")
    assert len({digest([one]), digest([two]), digest([one, two]), digest([two, one])}) == 4


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1, 1.0), (2.5, 2.5), ("3e-4", 3e-4), (" 7 ", 7.0), ("Infinity", math.inf), ("-inf", -math.inf)]
    + [(value, None) for value in (True, None, "", "x", "1" * 70, [1], {"a": 1}, 10**400)],
)
def test_numbers(value, expected):
    assert number(value) == expected


def test_nan_is_a_number():
    assert math.isnan(number("NaN"))


def test_objects_inside_objects():
    values = {"a": 1, "b": {"c": 2, "d": {"e": 3, "f": "x"}}, "g": [1, 2], "h": False}
    assert flat(values) == {"a": 1.0, "b.c": 2.0, "b.d.e": 3.0}


def test_objects_inside_objects_end_somewhere():
    value = {"x": 1.0}
    for _ in range(500):
        value = {"n": value, "y": 1}
    assert len(flat(value)) < 10
    assert len(flat({str(at): 1 for at in range(100_000)})) <= 10_000


def test_settings_are_numbers_and_short_texts():
    found = settings_of({"a": 5, "b": {"c": "text"}, "d": "x" * 500, "e": [1], "f": 10**400})
    assert found == {"a": 5.0, "b.c": "text"}


@pytest.mark.parametrize("text", ["", "[1]", "1", "{", "[" * 100_000, '{"a":}'])
def test_what_is_no_object(text):
    assert object_of(text) is None


@ONE_FOLDER
@given(st.integers(16, 400), st.integers(0, 60), st.sampled_from([None, 0, 3]))
def test_a_state_is_the_same_whatever_the_pieces(tmp_path, piece, count, indent):
    rows = list(records(scratch(max(count, 1))))[:count]
    text = json.dumps({"best": None, "log_history": rows, "total_flos": 7.0}, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trainer_state, "_PIECE", piece)
        found = list(trainer_state.read(opened(tmp_path / "state.json", text.encode())))
    assert [dict(record.values) for record in found[:-1]] == rows
    assert found[-1].settings == {"total_flos": 7.0}


def framed(data, at):
    """A record as W&B writes it at a place of the file: whole, or in pieces that end with their block."""
    out, first = b"", True
    while True:
        left = 32768 - (at + len(out)) % 32768
        if left < 7:
            out += b"\0" * left
            continue
        piece, data = data[: left - 7], data[left - 7 :]
        kind = (1 if not data else 2) if first else (4 if not data else 3)
        out += struct.pack("<IHB", zlib.crc32(piece, zlib.crc32(bytes([kind]))), len(piece), kind) + piece
        first = False
        if not data:
            return out


@ONE_FOLDER
@given(st.lists(st.integers(0, 80_000), min_size=1, max_size=6))
def test_wandb_records_are_the_same_whatever_the_blocks(tmp_path, sizes):
    wanted = [bytes([number + 1]) * size for number, size in enumerate(sizes)]
    data = b":W&B" + struct.pack("<HB", 0xBEE1, 0)
    for record in wanted:
        data += framed(record, len(data))
    file = opened(tmp_path / "a.wandb", data)
    assert [found for _, found in wandb._records(file)] == wanted


@pytest.mark.parametrize(
    ("first", "second", "sign"),
    [
        ("step,loss", "1,2.5", ","),
        ("step\tloss", "1\t2.5", "\t"),
        ("step;loss", "1;2,5", ";"),
        ('"a, b","c"', '"1","2"', ","),
        ("1,2", "3,4", ""),
        ("step,loss", "1", ""),
        ("step", "1", ""),
        ("a sentence, with a comma", "and another, like it", ""),
        ("step,", "1,2", ""),
    ],
)
def test_what_is_a_table(first, second, sign):
    assert table.delimiter(first, second) == sign


@pytest.mark.parametrize(
    ("name", "content", "kind"),
    [
        ("a", '{"step": 0, "loss": 1}\n', "json-lines"),
        ("a", '{"log_history": []}', "trainer-state"),
        ("a", '{\n "x": 1,\n "log_history": []}', "trainer-state"),
        ("a", '[{"step": 0}]', "trainer-state"),
        ("a", "\ufeffstep,loss\n0,1\n", "csv"),
        ("a", "step 0 loss 1\n", "text"),
        ("a", ":W&B...", "wandb"),
        ("a", "PAR1....", "parquet"),
        ("x.tfevents.1", "anything", "tensorboard"),
        ("a", "........\x1a\x0dbrain.Event:2", "tensorboard"),
    ],
)
def test_a_kind_is_told_from_the_content(tmp_path, name, content, kind):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert open_log(str(tmp_path / name)).kind == kind


def test_links_to_folders_are_not_followed(tmp_path):
    json_lines(tmp_path / "run" / "a.jsonl", records(scratch(5)))
    (tmp_path / "run" / "again").symlink_to(tmp_path / "run")
    assert open_log(str(tmp_path / "run")).kind == "json-lines"


def test_a_state_counts_before_what_lies_beside_it(tmp_path):
    write_state(tmp_path / "trainer_state.json", records(scratch(5)))
    json_lines(tmp_path / "more.jsonl", records(scratch(5)))
    assert open_log(str(tmp_path)).kind == "trainer-state"
