"""A config as a git revision holds it: what is read, what it is called, and what is said where it cannot be read."""

from __future__ import annotations

import json
import os

import pytest

from archdiff.errors import ArchdiffError, SourceError, UnresolvedReferenceError
from archdiff.reference import parse, work_tree
from archdiff.sources import git, resolve, revision
from archdiff.sources.source import digest
from tests.archdiff.making import LLAMA
from tests.archdiff.repositories import Repository


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A config in `models/x`, of two layers in the first commit and of three in the second; one is staged with four."""
    made = Repository(tmp_path / "checkout")
    made.config("models/x/config.json")
    made.commit()
    made.config("models/x/config.json", num_hidden_layers=3)
    made.commit()
    made.config("models/x/config.json", num_hidden_layers=4)
    made.git("add", "-A")
    made.config("models/x/config.json", num_hidden_layers=5)
    monkeypatch.chdir(made.path)
    return made


def refused(text, kind=ArchdiffError):
    with pytest.raises(kind) as caught:
        resolve(text)
    assert str(caught.value).isprintable()
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "layers", "name"),
    [
        ("HEAD~1:models/x/config.json", 2, "x@HEAD~1"),
        ("HEAD:models/x/config.json", 3, "x@HEAD"),
        ("main:models/x/config.json", 3, "x@main"),
        ("HEAD^{/change}:models/x/config.json", 3, "x@HEAD^{/change}"),
        (":models/x/config.json", 4, "x@index"),
        ("models/x/config.json", 5, "x"),
        ("HEAD:models/x", 3, "x@HEAD"),
        ("HEAD:models/x/", 3, "x@HEAD"),
        ("main:./models/x/config.json", 3, "x@main"),
    ],
)
def test_a_revision_is_read_under_its_name(repository, text, layers, name):
    source = resolve(text)
    assert (source.config["num_hidden_layers"], source.name, source.reference) == (layers, name, text)


def test_it_is_what_the_file_was(repository):
    head, before = repository.git("rev-parse", "HEAD"), resolve("HEAD~1:models/x/config.json")
    assert before.kind == "revision"
    assert before.digest == digest(LLAMA)
    assert resolve("HEAD:models/x").revision == head
    assert resolve(":models/x/config.json").revision is None


def test_a_path_is_told_from_the_root_or_with_a_dot_from_here(repository, monkeypatch):
    monkeypatch.chdir(repository.path / "models")
    assert resolve("HEAD:models/x/config.json").digest == resolve("HEAD:./x/config.json").digest
    assert "did you mean models/x/config.json" in refused("HEAD:x/config.json")


def test_the_root_of_a_repository_is_a_model_too(tmp_path, monkeypatch):
    made = Repository(tmp_path / "some-model")
    made.config()
    made.write("README.md", "---\nbase_model: owner/base\nbase_model_relation: finetune\nlicense: mit\n---\n")
    made.write("hf_quant_config.json", json.dumps({"quantization": {"quant_algo": "FP8"}}))
    made.commit()
    monkeypatch.chdir(made.path)
    source = resolve("HEAD:")
    assert source.name == "some-model@HEAD"
    assert (source.licence, source.lineage[0].base) == ("mit", "owner/base")
    assert source.config["quantization_config"]["quant_method"] == "modelopt"
    assert any("of a git revision the config alone is" in note for note in source.notes)


def test_a_card_that_cannot_be_read_declares_nothing(repository):
    (repository.path / "models/x/README.md").write_bytes(b"---\nlicense: \xff\n---\n")
    repository.commit()
    assert resolve("HEAD:models/x").licence is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("HEAD~9:models/x/config.json", "no revision HEAD~9; write a branch, tag or commit"),
        ("mian~1:models/x", "no revision mian~1; did you mean main?"),
        ("mian:models/x", "did you mean main?"),
        ("HAED:models/x", "did you mean HEAD?"),
        ("HEAD:models/x/confg.json", "did you mean models/x/config.json?"),
        ("HEAD:elsewhere", "write the path from the root"),
        (":nothing.json", "the index holds no nothing.json"),
        ("HEAD:models", "the directory holds no config.json"),
    ],
)
def test_what_is_not_there_is_explained(repository, text, said):
    assert said in refused(text)


def test_a_clone_without_history_says_how_to_get_it(repository, tmp_path, monkeypatch):
    repository.git("clone", "-q", "--depth=1", f"file://{repository.path}", tmp_path / "clone")
    monkeypatch.chdir(tmp_path / "clone")
    assert resolve("HEAD:models/x").config["num_hidden_layers"] == 3
    assert "the clone is shallow" in refused("HEAD~1:models/x")


def test_what_is_no_config_is_refused(repository):
    files = {
        "not-json.json": ("{", "not JSON"),
        "list.json": ("[]", "not an object"),
        "large.json": (" " * (16 * 2**20 + 1), "larger than 16 MiB"),
        "pointer.json": ("version https://git-lfs.github.com/spec/v1\n", "git-lfs"),
        "absurd.json": ('{"model_type": "llama", "num_hidden_layers": 1000000000}', "num_hidden_layers is 1000000000"),
    }
    for name, (text, _) in files.items():
        repository.write(name, text)
    (repository.path / "bytes.json").write_bytes(b"\xff{}")
    repository.commit()
    for name, (_, said) in files.items():
        assert said in refused(f"HEAD:{name}")
    assert "not UTF-8" in refused("HEAD:bytes.json", SourceError)


def test_a_commit_that_stands_for_another_repository_is_refused(repository):
    head = repository.git("rev-parse", "HEAD")
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{head},module")
    repository.git("commit", "-q", "-m", "module")
    assert "not a file or directory" in refused("HEAD:module")


@pytest.mark.parametrize("text", ["-c:config.json", "--exec:x", "HEAD:/etc/passwd", "C:\\x\\config.json", "a\n:b", ":"])
def test_what_cannot_be_a_revision_never_reaches_git(repository, monkeypatch, text):
    monkeypatch.setattr(git, "look_up", lambda *_: pytest.fail("git was asked"))
    refused(text, UnresolvedReferenceError)


@pytest.mark.parametrize("text", ["owner/name:file-Q4.gguf", "owner/name@main:file-Q4.gguf"])
def test_a_file_of_a_hub_model_is_no_revision(repository, text):
    assert parse(text).kind == "hub"


def test_a_branch_with_a_slash_is_one(repository):
    repository.git("branch", "topic/x")
    assert parse("topic/x:models/x/config.json").kind == "revision"
    assert resolve("topic/x:models/x/config.json").name == "x@topic/x"


def test_an_existing_path_comes_first(repository):
    repository.config("HEAD:models/config.json", num_hidden_layers=7)
    assert resolve("HEAD:models/config.json").config["num_hidden_layers"] == 7


def test_outside_a_work_tree_nothing_is_a_revision(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if work_tree() is not None:
        pytest.skip("the temporary folder lies inside a work tree")
    assert "no git work tree is here" in refused("HEAD:config.json", UnresolvedReferenceError)
    assert "run archdiff inside the repository" in refused("HEAD:config.json")


def test_a_work_tree_that_git_does_not_know_is_refused(tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    assert "git refuses (not a git repository" in refused("HEAD:config.json", SourceError)


def test_without_git_one_line_says_so(repository, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert "install git" in refused("HEAD:models/x", SourceError)


def test_a_git_that_hangs_is_given_up(repository, tmp_path, monkeypatch):
    slow = tmp_path / "bin" / "git"
    slow.parent.mkdir()
    slow.write_text("#!/bin/sh\nexec sleep 20\n")
    slow.chmod(0o755)
    monkeypatch.setenv("PATH", f"{slow.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(git, "_SECONDS", 0.2)
    assert "does not answer (TimeoutExpired)" in refused("HEAD:models/x", SourceError)


def test_nothing_of_the_repository_is_run(repository, tmp_path):
    """Settings of a repository name programs; none of them is started for reading an object."""
    trace = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {trace}\ncat\n")
    program.chmod(0o755)
    for setting in (
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "filter.x.smudge",
        "filter.x.clean",
        "diff.x.textconv",
    ):
        repository.git("config", setting, program)
    repository.git("config", "core.hooksPath", tmp_path)
    repository.write(".gitattributes", "*.json filter=x diff=x\n")
    trace.unlink(missing_ok=True)
    assert resolve("HEAD:models/x").config
    assert resolve(":models/x/config.json").config
    assert not trace.exists()


def test_what_a_revision_holds_under_a_path(repository):
    path = "models/x/config.json"
    before, head, staged = (revision.object_id(name, path) for name in ("HEAD~1", "HEAD", ""))
    assert len({before, head, staged, None}) == 4
    assert revision.object_id("main", path) == head
    assert revision.object_id("HEAD", "elsewhere.json") is None
    assert revision.object_id("HEAD", "two\nlines") is None
    assert revision.object_id("no-such-branch", path) is None
