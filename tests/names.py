"""Which names there are: of our own code, of FHIR, of the settings, commands and addresses."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click

from careplan_service.cli import careplan
from careplan_service.resources.r4.facts import RESOURCE_TYPES
from careplan_service.resources.r4.tables import SHAPES
from careplan_service.settings import ABOUT, PREFIX
from careplan_service.web.authorize import PAGES as ASKING
from careplan_service.web.openapi import openapi_document
from careplan_service.web.people import PAGES

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "careplan_service"
_TEXTS = ("*.py", "*.csv", "*.json", "*.toml", "*.in", "*.yaml", "*.mako", "Makefile")
_FOLDERS = ("src", "tests", "docs", "fixtures", "openapi", "requirements", "bench", "examples", ".ci", "var")
_SUFFIXES = (".py", ".md", ".yaml", ".toml", ".in", ".lock", ".json", ".csv")
_WORD = re.compile(r"_?[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*(?:\(\))?")
_FOREIGN = {"pg_dump", "synchronous_commit", "invalid_grant"}
_TESTS_ONLY = {"CAREPLAN_TEST_POSTGRES_URL", "CAREPLAN_SHARED"}


def unknown(quoted: str) -> str | None:
    """Why something in backticks is not to be found; None when it is, or when it is no name at all."""
    for looks_like, exists, kind in _KINDS:
        if looks_like(quoted):
            return None if exists(quoted) else f"no {kind} `{quoted}`"
    return None


def _is_command(text: str) -> bool:
    return text.startswith("careplan ")


def _command_exists(text: str) -> bool:
    command: click.Command = careplan
    for word in text.split()[1:]:
        if not isinstance(command, click.Group):
            break
        found = command.get_command(click.Context(command), word)
        if found is None:
            return False
        command = found
    options = {name for parameter in command.params for name in parameter.opts}
    return {word for word in text.split() if word.startswith("--")} <= options | {"--help"}


def _is_target(text: str) -> bool:
    return text.startswith("make ")


def _target_exists(text: str) -> bool:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    return re.search(rf"^{text.split()[1]}:", makefile, re.MULTILINE) is not None


def _is_test(text: str) -> bool:
    return re.fullmatch(r"tests/[\w/]+\.py::\w+", text) is not None


def _test_exists(text: str) -> bool:
    path, _, name = text.partition("::")
    file = ROOT / path
    return file.exists() and name in set(_defined(ast.parse(file.read_text(encoding="utf-8"))))


def _is_path(text: str) -> bool:
    if re.search(r"[\s*<>]", text) or text.startswith(("/", "http")):
        return False
    first = text.partition("/")[0]
    return text.endswith(_SUFFIXES) or ("/" in text and (first in _FOLDERS or (PACKAGE / first).is_dir()))


def _path_exists(text: str) -> bool:
    return text.startswith("var/") or any((base / text).exists() for base in (ROOT, PACKAGE, ROOT / "docs"))


def _is_address(text: str) -> bool:
    return re.fullmatch(r"/[a-z].*", text) is not None


def _address_exists(text: str) -> bool:
    known = {path.partition("{")[0].rstrip("/") for path in openapi_document()["paths"]} | {*PAGES, *ASKING}
    return any(text == path or text.startswith((f"{path}/", f"{path}.")) for path in known)


def _is_setting(text: str) -> bool:
    return re.fullmatch(rf"{PREFIX}[A-Z_]+", text) is not None


def _setting_exists(text: str) -> bool:
    return text in _TESTS_ONLY or text.removeprefix(PREFIX).lower() in ABOUT


def _is_word(text: str) -> bool:
    return _WORD.fullmatch(text) is not None


def _word_exists(text: str) -> bool:
    plain = text.removesuffix("()")
    if text.endswith("()") or re.fullmatch(r"[A-Z][a-z]\w*(?:\.[a-z_]\w*)+", plain):
        return plain in _python_names() or _is_element(plain)
    if plain in _python_names() or _is_element(plain) or plain in _FOREIGN:
        return True
    return all(word.removesuffix("_total") in _words() for word in plain.split("."))


def _is_element(path: str) -> bool:
    """Whether it is a FHIR type or an element of one: `Consent.provision.actor`."""
    first, *steps = path.split(".")
    if first not in SHAPES:
        return first in RESOURCE_TYPES and not steps
    shape = SHAPES[first]
    for step in steps:
        element = shape.elements.get(step) if shape else None
        if element is None:
            return False
        shape = element.shape
    return True


@cache
def _python_names() -> frozenset[str]:
    """Modules, classes, functions, methods, fields and constants, bare and behind their class or module."""
    found: set[str] = set()
    for file in (*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")):
        names = set(_defined(ast.parse(file.read_text(encoding="utf-8"))))
        found |= {file.stem, *names, *(f"{file.stem}.{name}" for name in names)}
    return frozenset(found)


def _defined(tree: ast.Module | ast.ClassDef | ast.FunctionDef) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            inner = set(_defined(node))
            yield from (node.name, *inner, *(f"{node.name}.{name}" for name in inner))
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        yield from (target.id for target in targets if isinstance(target, ast.Name))


@cache
def _words() -> frozenset[str]:
    """Every word of the sources and the data."""
    files = [
        f
        for base in (PACKAGE, ROOT / "fixtures", ROOT / "requirements")
        for p in _TEXTS
        for f in base.rglob(p)
    ]
    files += [
        ROOT / "pyproject.toml",
        ROOT / "Makefile",
        ROOT / "tests" / "builders.py",
        ROOT / "tests" / "conftest.py",
    ]
    text = "\n".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    return frozenset(re.findall(r"[A-Za-z0-9_]+", text))


_KINDS = (
    (_is_command, _command_exists, "command"),
    (_is_target, _target_exists, "target of make"),
    (_is_setting, _setting_exists, "setting"),
    (_is_address, _address_exists, "address"),
    (_is_test, _test_exists, "test"),
    (_is_path, _path_exists, "file or folder"),
    (_is_word, _word_exists, "such name in the sources"),
)
