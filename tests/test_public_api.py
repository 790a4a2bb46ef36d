"""The public API: complete, documented, unique and typed; the tree in errors.py is the tree there is."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import re
from typing import TYPE_CHECKING

import pytest

import archdiff
from archdiff import errors

if TYPE_CHECKING:
    from pathlib import Path

PUBLIC = sorted(getattr(archdiff, "__all__", ()))
MODULES = sorted(info.name for info in pkgutil.walk_packages(archdiff.__path__, "archdiff."))


def tree_of(path):
    return ast.parse(path.read_text())


def is_exempt(node):
    """Whether another definition of the same name carries the docstring."""
    decorators = {ast.unparse(each).rpartition(".")[2] for each in getattr(node, "decorator_list", [])}
    return bool(decorators & {"overload", "override", "setter"})


def public_nodes(node, name):
    """A module or class, its public classes and functions, and theirs in turn, each with its dotted name."""
    yield name, node
    for child in getattr(node, "body", []):
        if isinstance(child, ast.ClassDef) and not child.name.startswith("_"):
            yield from public_nodes(child, f"{name}.{child.name}")
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) and not child.name.startswith("_"):
            yield f"{name}.{child.name}", child


def bound_names(body):
    """Names that a module defines, or takes from archdiff, at its top level or under a top-level ``if``."""
    for node in body:
        match node:
            case ast.If():
                yield from bound_names(node.body + node.orelse)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.ImportFrom(level=level, module=source) if level or str(source).startswith("archdiff"):
                yield from (alias.asname or alias.name for alias in node.names)
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def functions_of(value):
    """What of a public object can be called: the function itself, or a class's own public methods."""
    if inspect.isfunction(value):
        return [value]
    members = vars(value).items() if inspect.isclass(value) else ()
    named = [getattr(member, "__func__", member) for name, member in members if name[0] != "_" or name == "__init__"]
    return [member for member in named if inspect.isfunction(member)]


def unannotated(function):
    """The parameters of a function, and ``return``, that carry no annotation."""
    signature = inspect.signature(function)
    annotations = {name: value.annotation for name, value in signature.parameters.items()}
    annotations["return"] = signature.return_annotation
    return {name for name, value in annotations.items() if value is inspect.Signature.empty} - {"self", "cls"}


def drawn_tree(text):
    """Child to parent of a tree drawn with box characters, two columns of drawing a level."""
    parents, branch = {}, []
    for line in text.splitlines():
        match = re.match(r"^((?:[│├└─ ]{4})*)(\w+(?:Error))\b", line)
        if match:
            depth = len(match[1]) // 4
            branch[depth:] = [match[2]]
            parents[match[2]] = branch[depth - 1] if depth else "Exception"
    return parents


def test_all_names_each_thing_once():
    assert PUBLIC, "archdiff.__all__ is missing or empty"
    assert len(PUBLIC) == len(set(PUBLIC))


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_exists_and_is_documented(name):
    value = getattr(archdiff, name)
    if inspect.isclass(value) or inspect.isroutine(value) or inspect.ismodule(value):
        assert inspect.getdoc(value), f"archdiff.{name} has no docstring"


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_signature_is_annotated(name):
    for function in functions_of(getattr(archdiff, name)):
        assert not unannotated(function), function.__qualname__


def test_nothing_public_is_missing_from_all(root):
    names = bound_names(tree_of(root / "analyzer/archdiff/__init__.py").body)
    assert {name for name in names if not name.startswith("_")} <= set(PUBLIC)


@pytest.mark.parametrize("name", MODULES)
def test_a_module_that_declares_all_declares_what_it_has(name):
    module = importlib.import_module(name)
    declared = getattr(module, "__all__", None)
    if declared is not None:
        assert len(declared) == len(set(declared))
        assert not [entry for entry in declared if not hasattr(module, entry)]


def is_rule(path: Path) -> bool:
    """Whether the module is one rule, whose manual is the docstring of its function (`test_corpus.py` reads it)."""
    return path.parent.name == "archdiff_rules" and not path.stem.startswith("_")


def test_every_public_module_class_and_function_is_documented(root):
    bare = [
        name
        for source in ("analyzer", "rules")
        for path in sorted((root / source).rglob("*.py"))
        if not path.stem.startswith("_") or path.stem == "__init__"
        for name, node in public_nodes(tree_of(path), path.relative_to(root / source).as_posix())
        if not is_exempt(node) and not (is_rule(path) and isinstance(node, ast.Module)) and not ast.get_docstring(node)
    ]
    assert not bare


def test_the_tree_drawn_in_errors_is_the_tree_of_classes():
    classes = {
        name: value.__bases__[0].__name__
        for name, value in vars(errors).items()
        if inspect.isclass(value) and issubclass(value, Exception)
    }
    assert drawn_tree(errors.__doc__) == classes
    assert set(errors.__all__) == set(classes)


def test_every_error_is_public():
    assert set(errors.__all__) <= set(PUBLIC)
