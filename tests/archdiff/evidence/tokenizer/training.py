"""Tokenizers trained on text of the standard library, and what people make of them: longer, shorter, re-ordered."""

from __future__ import annotations

import base64
import io
import json
import random
import sysconfig
from functools import lru_cache
from pathlib import Path

import sentencepiece
import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers, trainers

STANDARD_LIBRARY = Path(sysconfig.get_paths()["stdlib"])
PROSE = ("pydoc_data/topics.py",)
CODE = ("asyncio", "email", "http", "json", "logging", "unittest", "xml")


@lru_cache(maxsize=8)
def lines(*names, most=400_000, part=None):
    """Lines of modules of the standard library, at most so many characters; of two halves the one, line by line."""
    files = [path for name in names for path in _files(STANDARD_LIBRARY / name)]
    text = "".join(path.read_text("utf-8", "replace") for path in files)
    found = text.splitlines()[slice(part, None, 2)] if part is not None else text.splitlines()
    kept, size = [], 0
    for line in found:
        size += len(line)
        if size > most:
            break
        kept.append(line)
    return tuple(kept)


def _files(path):
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def bpe(text, size=1200, special=("<s>", "</s>")):
    """A byte-level BPE tokenizer as its JSON."""
    made = tokenizers.Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    letters = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=size, special_tokens=list(special), initial_alphabet=letters, show_progress=False
    )
    made.train_from_iterator(text, trainer)
    return json.loads(made.to_str())


def unigram(text, size=1200):
    """A Unigram tokenizer of the tokenizers library as its JSON."""
    made = tokenizers.Tokenizer(models.Unigram())
    made.pre_tokenizer = pre_tokenizers.Metaspace()
    made.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(vocab_size=size, special_tokens=["<unk>"], unk_token="<unk>", show_progress=False)
    made.train_from_iterator(text, trainer)
    return json.loads(made.to_str())


def wordpiece(text, size=1200):
    """A WordPiece tokenizer as its JSON."""
    made = tokenizers.Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.Lowercase()
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    made.decoder = decoders.WordPiece()
    trainer = trainers.WordPieceTrainer(vocab_size=size, special_tokens=["[UNK]", "[CLS]"], show_progress=False)
    made.train_from_iterator(text, trainer)
    return json.loads(made.to_str())


def sentence_pieces(text, size=1200, model="bpe", **settings):
    """The bytes of a SentencePiece model."""
    out = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text),
        model_writer=out,
        vocab_size=size,
        model_type=model,
        minloglevel=2,
        num_threads=1,
        **{"byte_fallback": True, "character_coverage": 0.999, **settings},
    )
    return out.getvalue()


def written(path, made):
    """Write a tokenizer's JSON, or its bytes, and return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(made if isinstance(made, bytes) else json.dumps(made).encode())
    return path


def raw(made):
    """The ordinary tokens of a byte-level tokenizer.json as bytes, by rank."""
    letters = {letter: byte for byte, letter in byte_letters().items()}
    added = {row["content"] for row in made["added_tokens"]}
    ordered = sorted((number, text) for text, number in made["model"]["vocab"].items() if text not in added)
    return [bytes(letters[letter] for letter in text) for _, text in ordered]


def byte_letters():
    """The character of each byte, as the tokenizers library writes it: told by splitting each byte alone."""
    printed = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printed]
    return {**{byte: chr(byte) for byte in printed}, **{byte: chr(256 + n) for n, byte in enumerate(others)}}


def tiktoken(made):
    """A byte-level tokenizer.json as a tiktoken file."""
    return b"".join(base64.b64encode(token) + f" {rank}\n".encode() for rank, token in enumerate(raw(made)))


def tekken(made, reserved=10, special=("<s>", "</s>"), pattern=r"\S+|\s+"):
    """A byte-level tokenizer.json as a tekken.json."""
    tokens = raw(made)
    rows = [
        {"rank": rank, "token_bytes": base64.b64encode(t).decode(), "token_str": None} for rank, t in enumerate(tokens)
    ]
    config = {
        "pattern": pattern,
        "num_vocab_tokens": len(tokens),
        "default_vocab_size": len(tokens) + reserved,
        "default_num_special_tokens": reserved,
        "version": "v3",
    }
    named = [{"rank": rank, "token_str": text, "is_control": True} for rank, text in enumerate(special)]
    return {"config": config, "vocab": rows, "special_tokens": named}


def copied(made):
    """A copy that can be changed."""
    return json.loads(json.dumps(made))


def pruned(made, share=0.3, seed=0):
    """The BPE tokenizer without some tokens and the merges that need them, its ids closed up."""
    changed, chosen = copied(made), random.Random(seed)
    model, added = changed["model"], {row["content"] for row in made["added_tokens"]}
    gone = {text for text in model["vocab"] if len(text) > 2 and text not in added and chosen.random() < share}
    model["merges"] = [pair for pair in model["merges"] if not gone & {*pair, "".join(pair)}]
    reachable = {"".join(pair) for pair in model["merges"]}
    kept = [text for text in model["vocab"] if text in added or len(text) == 1 or text in reachable]
    model["vocab"] = {text: number for number, text in enumerate(sorted(kept, key=model["vocab"].get))}
    return changed


def extended(made, other):
    """The BPE tokenizer with the merges of another behind its own."""
    changed = copied(made)
    model = changed["model"]
    following = max(model["vocab"].values()) + 1
    for left, right in other["model"]["merges"]:
        if left + right not in model["vocab"] and left in model["vocab"] and right in model["vocab"]:
            model["merges"].append([left, right])
            model["vocab"][left + right] = following
            following += 1
    return changed


def re_ordered(made, seed=0):
    """The BPE tokenizer with the ids of its learned tokens shuffled."""
    changed = copied(made)
    vocab = changed["model"]["vocab"]
    learned = [text for text in vocab if len(text) > 1 and text not in {row["content"] for row in made["added_tokens"]}]
    ids = [vocab[text] for text in learned]
    random.Random(seed).shuffle(ids)
    vocab.update(zip(learned, ids, strict=True))
    return changed


def with_special(made, *texts):
    """The tokenizer with special tokens behind all others."""
    changed = copied(made)
    following = max([*changed["model"]["vocab"].values(), *(row["id"] for row in changed["added_tokens"])]) + 1
    shape = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    changed["added_tokens"] += [{"id": following + n, "content": text, **shape} for n, text in enumerate(texts)]
    return changed
