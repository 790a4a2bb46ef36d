"""`archdiff review NEW`: the checklist before a model is published."""

from __future__ import annotations

import dataclasses
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archdiff.cli import output
from archdiff.cli.options import common, is_quiet, no_cache, report_formats, weight_options, wishes
from archdiff.cli.progress import doing
from archdiff.errors import UsageError
from archdiff.text import printable

if TYPE_CHECKING:
    from archdiff.report.checklist import Checklist
    from archdiff.review.material import Material
    from archdiff.reviewing.gathering import Wanted

__all__ = ["command"]

_CLAIMS = "claims.toml"
_FOUND = 1


@click.command("review")
@click.argument("new")
@click.option("--claims", metavar="FILE", help="What the publisher states of NEW; --init writes one to begin with.")
@click.option(
    "--init", is_flag=True, help=f"Write a claims file from what NEW shows ({_CLAIMS}, or --claims), and stop."
)
@click.option("--against", multiple=True, metavar="REF", help="A model that NEW may be under another name. Repeatable.")
@click.option("--training-log", metavar="RUN", help="Log of NEW's training run.")
@click.option(
    "--tokenizer",
    "tokenizers",
    multiple=True,
    metavar="REF",
    help="A model whose tokenizer is compared with NEW's. Repeatable.",
)
@click.option(
    "--weights",
    "parts",
    metavar="changed|shared|all|GLOB",
    help="Compare weights with those of every parent and suspect that has some.",
)
@weight_options
@click.option("--sign-off", metavar="FILE", help="Signatures of earlier reviews; beside the claims file unless named.")
@click.option("--sign", metavar="ITEM", help="Sign an item that no program can settle: needs --as and --date.")
@click.option("--as", "signer", metavar="NAME", help="Who signs.")
@click.option("--date", metavar="ISO", help="When, as 2026-12-31.")
@click.option("--note", default="", metavar="TEXT", help="What there is to say about it.")
@click.option(
    "--fail-on",
    type=click.Choice(["refuted", "open", "never"]),
    default="refuted",
    show_default=True,
    help="Exit with 1 where a claim is refuted; `open` where one waits for evidence or a signature, too.",
)
@report_formats("checklist")
@no_cache
@common
def command(
    new: str,
    claims: str | None,
    init: bool,
    against: tuple[str, ...],
    training_log: str | None,
    tokenizers: tuple[str, ...],
    parts: str | None,
    budget: str,
    device: str,
    sign_off: str | None,
    sign: str | None,
    signer: str | None,
    date: str | None,
    note: str,
    fail_on: str,
    form: str,
    outputs: tuple[str, ...],
    no_cache: bool,
) -> int:
    """Check each claim about a model before it is published: proved, refuted or open, with the evidence.

    Claims stand in a TOML file. Parents are those that the claims file and the model card name; the public
    architectures that are nearest are listed. What no program can settle waits for a signature.
    """
    if init:
        return _init(new, claims or _CLAIMS, cached=not no_cache)
    signing = _signing(sign, signer, date, note)
    where = sign_off or _beside(claims)
    read = [text for text in (new, claims, where, training_log, *against) if text]
    files = output.targets(outputs, read, "checklist")
    output.check_stdout(form)
    wanted = _wanted(claims, sign_off, signing is not None)
    wanted = dataclasses.replace(
        wanted,
        against=against,
        training_log=training_log or "",
        tokenizers=tokenizers,
        weights=wishes(parts, budget, device) if parts is not None else None,
        cached=not no_cache,
    )
    checklist, more = _judge(new, wanted, signing, where)
    output.deliver(checklist, None if is_quiet() else form, files, more)
    return _exit_code(checklist, fail_on)


@dataclasses.dataclass(frozen=True)
class _Signing:
    item: str
    name: str
    date: str
    note: str


def _signing(sign: str | None, signer: str | None, date: str | None, note: str) -> _Signing | None:
    if sign is None:
        if signer or date or note:
            raise UsageError("--as, --date and --note", "sign nothing", "name the item: --sign ITEM")
        return None
    if not signer or not date:
        raise UsageError("--sign", "does not say who signs, and when", "add --as NAME --date 2026-12-31")
    return _Signing(sign, _utf8(signer), _utf8(date), _utf8(note))


def _utf8(text: str) -> str:
    """Bytes of the command line that are no UTF-8, as escapes."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _beside(claims: str | None) -> str:
    """`claims.sign-off.toml` beside `claims.toml`."""
    path = Path(claims or _CLAIMS)
    return str(path.with_name(f"{path.stem}.sign-off.toml")) if path.name else ""


def _wanted(claims: str | None, sign_off: str | None, signs: bool) -> Wanted:
    """The files of the review; a sign-off file that nobody named need not be there, nor one that is signed first."""
    from archdiff.review.claims import NOTHING
    from archdiff.reviewing.reading import read_claims, read_sign_off

    stated = read_claims(claims) if claims is not None else NOTHING
    where = sign_off or _beside(claims)
    kept = read_sign_off(where) if _is_there(where) or (sign_off is not None and not signs) else None
    from archdiff.review.signing import SignOff
    from archdiff.reviewing.gathering import Wanted

    return Wanted(stated, sign_off=SignOff(printable(where)) if kept is None and signs else kept)


def _is_there(path: str) -> bool:
    try:
        return bool(path) and Path(path).expanduser().exists()
    except (OSError, ValueError, RuntimeError):  # a name too long, a null byte, a ~user who does not exist
        return False


def _judge(
    new: str, wanted: Wanted, signing: _Signing | None, where: str
) -> tuple[Checklist, list[tuple[output.Target, str]]]:
    from archdiff.review.judge import judge
    from archdiff.reviewing.gathering import gather

    material = gather(new, wanted, doing)
    if signing is None:
        return judge(material), []
    return _signed(material, signing, where)


def _signed(material: Material, signing: _Signing, where: str) -> tuple[Checklist, list[tuple[output.Target, str]]]:
    from archdiff.review.judge import items, judge
    from archdiff.review.nearest import nearest
    from archdiff.review.signing import SignOff, sign

    before = material.sign_off or SignOff("")
    listed = items(material, nearest(material.subject.portrait.model))
    after = sign(before, listed, signing.item, name=signing.name, date=signing.date, note=signing.note)
    target = output.target(where, "toml", ())
    return judge(dataclasses.replace(material, sign_off=after)), [(target, after.text)]


def _exit_code(checklist: Checklist, fail_on: str) -> int:
    counts = checklist.counts
    failing = (counts["refuted"] if fail_on != "never" else 0) + (counts["open"] if fail_on == "open" else 0)
    return _FOUND if failing else 0


def _init(new: str, path: str, *, cached: bool) -> int:
    """Write a claims file where none is."""
    from archdiff.cli.stdout import put
    from archdiff.review.draft import draft
    from archdiff.reviewing.gathering import subject_of

    target = output.target(path, "toml", (new,))
    if target.path.exists():
        raise UsageError(printable(path), "is there already", "name another file with --claims, or remove it")
    with doing(f"building {new}"):
        subject = subject_of(new, cached=cached)
    output.write([(target, draft(subject, new, path))])
    if not is_quiet():
        again = shlex.join(["archdiff", "review", printable(new), "--claims", printable(path)])
        put(f"wrote {printable(path)}: correct it, answer its questions, then run: {again}\n")
    return 0
