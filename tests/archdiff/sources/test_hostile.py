"""Every hostile config is refused by the right error, by name, in one line and in little time."""

from __future__ import annotations

import importlib.util
import os
import pickle
import time
import tracemalloc
from pathlib import Path

import pytest

from archdiff import errors
from archdiff.api import check
from archdiff.sources import resolve

FOLDER = Path(__file__).parents[3] / "fixtures" / "hostile"
SECONDS = 20  # for the slowest machine; the largest of these takes half a second


def load_maker(name):
    spec = importlib.util.spec_from_file_location(f"hostile_{name}", FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MAKERS = [load_maker(name) for name in ("make", "make_weights")]
ATTACKS = {name: attack for maker in MAKERS for name, attack in maker.ATTACKS.items()} | MAKERS[1].FOLDERS
LARGE = {name: attack for maker in MAKERS for name, attack in maker.LARGE.items()}


def refuse(path, error, named):
    start = time.monotonic()
    with pytest.raises(errors.ArchdiffError) as caught:
        check(str(path))
    assert time.monotonic() - start < SECONDS
    assert type(caught.value).__name__ == error
    assert named in str(caught.value)
    assert str(caught.value).isprintable(), "one line, no control characters"
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize("name", ATTACKS)
def test_refuses(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    attack = ATTACKS[name]
    refuse(FOLDER / name, attack.error, attack.named)
    assert not list(tmp_path.iterdir()), "nothing was executed"


def test_a_pickle_of_these_does_execute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pickle.loads((FOLDER / "pickle.bin").read_bytes())
    assert (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", LARGE)
def test_refuses_large(name, tmp_path):
    write, error, named = LARGE[name]
    write(tmp_path / name)
    refuse(tmp_path / name, error, named)


@pytest.mark.parametrize("name", ["large.json", "large-snapshot.json", "large.gguf"])
def test_a_large_file_is_refused_and_only_its_head_is_read(tmp_path, name):
    write, error, named = LARGE[name]
    write(tmp_path / name)
    tracemalloc.start()
    try:
        refuse(tmp_path / name, error, named)
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", ["large-header.safetensors", "large-index"])
def test_a_hundred_megabytes_of_json_take_no_more_than_a_few_times_that(tmp_path, name):
    write, error, named = LARGE[name]
    write(tmp_path / name)
    tracemalloc.start()
    try:
        refuse(tmp_path / name, error, named)
        assert tracemalloc.get_traced_memory()[1] < 4 * 10**8
    finally:
        tracemalloc.stop()


def test_the_files_are_what_the_scripts_make(tmp_path):
    for maker in MAKERS:
        maker.write(tmp_path)
    assert contents(tmp_path) == contents(FOLDER)


def contents(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix not in (".py", ".pyc")
    }


@pytest.mark.parametrize("name", ["pytorch_model.bin", "consolidated.00.pth", "model.pt"])
def test_a_pickle_beside_a_config_is_left_alone_and_named(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "llama"}')
    (tmp_path / name).write_bytes((FOLDER / "pickle.bin").read_bytes())
    source = resolve(str(tmp_path))
    assert source.notes == (f"shipped tensors were not read: {name} is a pickle, which only a weight check opens",)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("name", ["\x1b]0;owned\x07.json", "a\nb.json", "\u202egnp.json", "\x9b2J.json"])
def test_a_file_name_cannot_drive_the_terminal(tmp_path, name):
    path = tmp_path / name
    path.write_text("[]")
    with pytest.raises(errors.SourceError) as caught:
        resolve(str(path))
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("name", ["\x1b]0;owned\x07.json", "a\nb.json"])
def test_a_readable_file_has_a_printable_name(tmp_path, name):
    path = tmp_path / name
    path.write_text("{}")
    assert resolve(str(path)).name.isprintable()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "config.json")
    refuse(tmp_path / "config.json", "SourceError", "not a regular file")


def test_an_endless_device_is_refused():
    if not Path("/dev/zero").exists():
        pytest.skip("no /dev/zero on this system")
    refuse("/dev/zero", "SourceError", "not a regular file")
