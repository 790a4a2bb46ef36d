"""The jobs of archdiff as functions: load a model, compare two, render what came out."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from archdiff import packs
from archdiff.errors import SourceError, UsageError
from archdiff.graph.schema import ModelGraph
from archdiff.sources import Snapshot, resolve
from archdiff.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from archdiff.compare.comparison import Comparison
    from archdiff.evidence.training_log import Columns, ModelFacts, Objective
    from archdiff.graph.store import Store
    from archdiff.report.assemble import Shown
    from archdiff.report.code import CodeEntry
    from archdiff.report.lineage import LineageEntry
    from archdiff.report.portrait import Portrait
    from archdiff.report.schema import Report
    from archdiff.report.tokenizer import TokenizerEntry
    from archdiff.report.training_log import TrainingLogEntry
    from archdiff.rule import Rule
    from archdiff.sources import Source
    from archdiff.weights.evidence import Evidence
    from archdiff.weights.session import Check, Model, Wishes

__all__ = [
    "build",
    "check",
    "code",
    "diff",
    "examine",
    "lineage",
    "load",
    "portray",
    "render_report",
    "results",
    "tokenizers",
    "training_log",
    "weigh",
    "weighed",
    "with_lineage",
]


def load(reference: str, *, cached: bool = True) -> ModelGraph:
    """Build the graph of the model that a reference names, without its weights and without running its code.

    Args:
        reference: a path to a config.json, a directory with one or a saved graph, a name of the catalogue, or a
            hub id.
        cached: whether a graph that was built before may be used, and this one be kept.

    Raises:
        UnresolvedReferenceError: it names nothing that is there.
        SourceError: what it names cannot be read as a config.
        ConfigError: the config's values are out of bounds, or no shipped class fits it.
        BuildError: transformers refuses to build it.
        SnapshotError: the saved graph is damaged.
    """
    return build(check(reference), cached=cached)


def diff(
    old: str | ModelGraph,
    new: str | ModelGraph,
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    cached: bool = True,
) -> Report:
    """Compare the architectures of two models.

    Args:
        old: a reference, or a graph that `load` built.
        new: the same.
        select: ids of rules, or patterns with `*` and `?`, whose findings the report shows; none for all.
        ignore: the same, for findings that it leaves out.
        cached: whether graphs that were built before may be used, and these be kept.

    Raises:
        ArchdiffError: as `load`; a pack or a rule that fails; an id that no rule has.
    """
    from archdiff.report.assemble import Shown

    rules = packs.load_rules()
    shown = Shown(packs.choose(rules, select, ignore))
    checked = [check(model) if isinstance(model, str) else model for model in (old, new)]
    first, second = (build(model, cached=cached) for model in checked)
    return with_lineage(examine(first, second, rules, shown), (checked[0], checked[1]))


def weigh(
    old: str,
    new: str,
    *,
    scope: str = "all",
    budget: int | None = 0,
    device: str = "auto",
    parents: Sequence[str] = (),
    cached: bool = True,
) -> Report:
    """Compare two models and their weights: whether NEW's come from OLD's, component by component.

    Args:
        old: a reference to a model with weights.
        new: the same.
        scope: `all`, `shared` (what both have), `changed` (what the structural comparison found changed), or a
            pattern of module names with `*` and `?`.
        budget: bytes to read at the most; 0 for one per cent of both and 2 GiB at the least, None for no limit.
        device: `auto`, `cpu`, `cuda`, `cuda:1`.
        parents: references to other models that NEW may be merged from, besides OLD.
        cached: whether results of earlier runs may be used, and these be kept.

    Raises:
        ArchdiffError: as `diff`; a model without weights, or weights that cannot be read.
    """
    from archdiff.report.assemble import ALL
    from archdiff.weights.session import Wishes

    rules = packs.load_rules()
    checked = check(old), check(new)
    graphs = build(checked[0], cached=cached), build(checked[1], cached=cached)
    others = [(each, build(each, cached=cached)) for each in map(check, parents)]
    with weighed(checked, graphs, Wishes(scope, budget, device), others) as (comparison, planned):
        evidence = planned.carry_out(results(cached=cached))
    report = examine(graphs[0], graphs[1], rules, ALL, comparison=comparison, evidence=evidence)
    return with_lineage(report, checked)


@contextmanager
def weighed(
    sources: tuple[Source | ModelGraph, Source | ModelGraph],
    graphs: tuple[ModelGraph, ModelGraph],
    wishes: Wishes,
    parents: Sequence[tuple[Source | ModelGraph, ModelGraph]] = (),
) -> Iterator[tuple[Comparison, Check]]:
    """The comparison of two models, and the weight check that was planned from it.

    Args:
        sources: of OLD and NEW.
        graphs: of OLD and NEW.
        wishes: of the user.
        parents: source and graph of other models that NEW may be merged from.

    Raises:
        SourceError: one of the models has no weights, or they cannot be read.
    """
    from archdiff.compare import compare
    from archdiff.weights.session import opened

    comparison = compare(*graphs)
    models = [_model(source, graph) for source, graph in zip(sources, graphs, strict=True)]
    others = [(_model(source, graph), compare(graph, graphs[1])) for source, graph in parents]
    with opened(models[0], models[1], comparison, wishes, others) as planned:
        yield comparison, planned


def _model(source: Source | ModelGraph, graph: ModelGraph) -> Model:
    from archdiff.weights.session import Model

    if isinstance(source, ModelGraph):
        raise SourceError(source.name, "is a saved graph, which holds no weights", "name the model itself")
    return Model(source, graph)


def results(*, cached: bool) -> Store | None:
    """Where finished tests of weights are kept; None where they are not."""
    from archdiff.graph.cache import store

    return store("weights") if cached else None


def render_report(report: Report, name: str = "terminal") -> str | bytes:
    """Return a report in a format: `terminal`, `json`, `sarif`, `svg` and others that `archdiff diff --help` lists.

    Raises:
        UsageError: there is no such format.
        RenderError: the format cannot be produced here, as a picture without Graphviz.
    """
    from archdiff.render import render

    return render(report, name)


def check(reference: str) -> Source | ModelGraph:
    """Find what a reference names and check everything that needs no torch; a saved graph is opened.

    Raises:
        ArchdiffError: as `load`.
    """
    from archdiff.graph.shipped import check_type

    source = resolve(reference)
    if isinstance(source, Snapshot):
        from archdiff.graph.opening import open_snapshot

        return open_snapshot(source)
    if source.kind != "weights":
        check_type(source.config, source.reference)
    return source


def build(source: Source | ModelGraph, *, cached: bool = True) -> ModelGraph:
    """Build the graph of a model, which imports torch and transformers; one that was kept or saved is there already.

    Args:
        source: of the model, or its graph.
        cached: whether a graph that was built before may be used, and this one be kept.

    Raises:
        ConfigError: no shipped class fits the config.
        BuildError: transformers refuses to build it.
    """
    if isinstance(source, ModelGraph):
        return source
    from archdiff.graph import build_graph
    from archdiff.graph.cache import through_cache

    return through_cache(source, build_graph) if cached else build_graph(source)


def examine(
    old: ModelGraph,
    new: ModelGraph,
    rules: Sequence[Rule],
    shown: Shown,
    *,
    comparison: Comparison | None = None,
    evidence: Evidence | None = None,
) -> Report:
    """Compare two graphs, run the rules and assemble the report.

    Args:
        old: the graph of OLD.
        new: the graph of NEW.
        rules: to run.
        shown: which findings the report shows.
        comparison: of the two, where it is known already.
        evidence: what a weight check found out.

    Raises:
        RuleError: a rule raised, or yielded something that is not a finding.
    """
    from archdiff.compare import compare
    from archdiff.report.assemble import assemble
    from archdiff.report.outline import blocks

    comparison = comparison or compare(old, new)
    if evidence is not None:
        from archdiff.report.provenance import provenances

        comparison = comparison.with_weights(provenances(evidence, comparison))
    located = packs.run(rules, comparison)
    folded = blocks(comparison, [finding for _, finding in located])
    return assemble(comparison, located, rules, folded, shown, evidence)


def tokenizers(old: str, new: str) -> TokenizerEntry:
    """Compare two tokenizers: whether NEW's is OLD's, extended, pruned, re-ordered, derived from it or independent.

    Args:
        old: a path to a file of a tokenizer or a directory with one, a hub id, or a name of the catalogue.
        new: the same.

    Raises:
        UnresolvedReferenceError: one names nothing that is there.
        SourceError: there is no tokenizer, or its file breaks its format.
    """
    from archdiff.evidence.tokenizer.references import compare_references
    from archdiff.report.tokenizer import tokenizer_entry

    return tokenizer_entry(compare_references(old, new))


def portray(graph: ModelGraph) -> Portrait:
    """Describe one model: its folded graph, figures, cache and parameters by role."""
    from archdiff.report.outline import outline
    from archdiff.report.portrait import portray as describe

    return describe(graph, outline(graph))


def lineage(reference: str, *, ask: bool = True) -> LineageEntry:
    """What a model declares of where it comes from, followed to the root, with the licences on the way.

    Nothing is built, and no weights are read.

    Args:
        reference: as `load` takes it.
        ask: whether the hub may be asked for bases that are neither in the catalogue nor beside the model nor in its
            cache; HF_HUB_OFFLINE is honoured.

    Raises:
        UnresolvedReferenceError: it names nothing that is there.
        SourceError: what it names cannot be read.
        SnapshotError: the saved graph is damaged.
    """
    from archdiff.evidence.lineage import follow
    from archdiff.report.lineage import lineage_entry

    return lineage_entry(follow(reference, "hub" if ask else "cache"))


def with_lineage(report: Report, models: tuple[Source | ModelGraph, Source | ModelGraph]) -> Report:
    """The report with what the sources of OLD and NEW tell: what they declare of where they come from, as far as it is
    told without the hub, and at which lines their configs differ.

    Args:
        report: of the two.
        models: OLD and NEW.
    """
    from archdiff.report.lineage import lineage_entries
    from archdiff.report.lines import with_lines

    return with_lines(report.model_copy(update={"lineage": lineage_entries(models, report.weights)}))


def training_log(
    run: str,
    *,
    vocab_size: int | None = None,
    model: str | ModelGraph | None = None,
    objective: Objective | None = None,
    columns: Columns | None = None,
    tokens_per_step: int | None = None,
    cached: bool = True,
) -> TrainingLogEntry:
    """What the log of a training run is consistent with: from scratch, a warm start, a resumed run, or inconclusive.

    Args:
        run: path of a log, or of the directory of a run.
        vocab_size: tokens that the model chooses from; the model's own where it is None.
        model: reference to the model whose log it is, or its graph.
        objective: what the loss is of; None to tell it from model and log.
        columns: where loss and step stand in the log; None to find them.
        tokens_per_step: tokens of all sequences of one step, where the log does not say.
        cached: whether a graph that was built before may be used, and this one be kept.

    Raises:
        UnresolvedReferenceError: there is no such log or model.
        SourceError: the log is damaged or none, holds several runs or no loss, or its steps run backwards.
        UsageError: neither vocabulary nor model is named, the pattern is none, or a package of the extra `logs` is
            not installed.
    """
    from archdiff.evidence.training_log import Columns, Expectation, examine, open_log
    from archdiff.report.training_log import training_log_entry

    if vocab_size is None and model is None and objective in (None, "causal"):
        cause = "neither --vocab-size nor --model says how many tokens the model chooses from"
        raise UsageError(printable(run), cause, "add --vocab-size N or --model REF")
    columns = columns or Columns()
    log = open_log(run, columns.pattern)
    facts = _model_facts(model, cached=cached) if model is not None else None
    return training_log_entry(examine(log, Expectation(vocab_size, facts, objective, columns, tokens_per_step)))


def _model_facts(model: str | ModelGraph, *, cached: bool) -> ModelFacts:
    from archdiff.evidence.training_log.model import facts_of
    from archdiff.report.figures import active_parameters

    graph = load(model, cached=cached) if isinstance(model, str) else model
    return facts_of(graph, active_parameters(graph))


def code(old: str, new: str) -> CodeEntry:
    """Compare the modelling code of two models, names normalised; nothing of it is imported or run.

    Args:
        old: a reference to a model, a Python file, or a model type of transformers.
        new: the same.

    Raises:
        UnresolvedReferenceError: one of them names nothing that is there.
        SourceError: a model's code is not there, or is no Python, too large or too deep.
        ConfigError: a config is out of bounds.
    """
    from archdiff.evidence.code import compare, control, find
    from archdiff.report.code import code_entry

    return code_entry(compare(find(old), find(new)), control())
