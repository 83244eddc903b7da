"""Reads the source as text and syntax trees and says where it breaks the house rules.

Every check returns ``{key: what is wrong}``; a key listed in exceptions.toml with a reason is let pass. Nothing here
imports the package, so that a broken module is reported with the rest.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

# From the end of a run to its start: a name may import any name to its right; names in one tuple not each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("cli",),
    ("batch",),
    ("workflow",),
    ("report",),
    ("insight", "fairness", "choice", "appraisal", "national"),
    ("bundles",),
    ("study",),
    ("uncertainty", "measures", "folders"),
    ("arguments", "display"),
    ("errors",),
)
RANK = {name: rank for rank, layer in enumerate(LAYERS) for name in layer}
# For users and tests, beside the layers: they may import every layer but the command line.
BESIDE = ("examples", "testing")
# The package's own front: the public names, and `python -m`.
FRONT = ("", "__main__")

# Where a heavy third-party package may be imported; a name covers the modules below it.
ONLY_IN: dict[str, tuple[str, ...]] = {
    "pandas": ("study.load", "national", "report", "batch", "workflow"),
    "pydantic": ("study",),
    "pydantic_core": ("study",),
    "pulp": ("choice.solver",),
    "highspy": ("choice.solver",),
    "matplotlib": ("report.figures",),
    "dask": ("batch",),
    "distributed": ("batch",),
}

MODULE_LINES, FUNCTION_LINES, PARAMETERS = 600, 60, 7
Function = ast.FunctionDef | ast.AsyncFunctionDef
NO_DOCSTRING_NEEDED = {
    "overload", "setter", "deleter", "field_validator", "model_validator", "field_serializer", "model_serializer",
}


@dataclass(frozen=True)
class Module:
    """One source file: dotted name without the package (empty for the package itself), text and syntax tree."""

    name: str
    path: Path
    text: str
    tree: ast.Module

    @property
    def dotted(self) -> str:
        """Name as one would import it."""
        return f"sharesim.{self.name}" if self.name else "sharesim"

    @property
    def top(self) -> str:
        """The layer it belongs to."""
        return self.name.split(".")[0]

    @property
    def package(self) -> list[str]:
        """The dotted parts that a relative import starts from."""
        parts = self.dotted.split(".")
        return parts if self.path.name == "__init__.py" else parts[:-1]


def read_modules(folder: Path) -> tuple[Module, ...]:
    """Return every module below the package's folder."""
    modules = []
    for path in sorted(folder.rglob("*.py")):
        parts = path.relative_to(folder).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        text = path.read_text(encoding="utf-8")
        modules.append(Module(name, path, text, ast.parse(text, str(path))))
    return tuple(modules)


# -- imports ----------------------------------------------------------------------------------------------------------


def imports_of(module: Module, known: set[str]) -> Iterator[tuple[int, str]]:
    """Yield line and dotted target of every import: at the top, inside functions, for types only, by importlib."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.package[: len(module.package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                longer = f"{base}.{alias.name}"
                yield node.lineno, longer if longer in known or base == "sharesim" else base
        elif isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in ("import_module", "__import__") and isinstance(node.args[0].value, str):
                target = node.args[0].value
                level = len(target) - len(target.lstrip("."))
                above = module.package[: len(module.package) - level + 1] if level else []
                yield node.lineno, ".".join([*above, target[level:]])


def wrong_direction(module: Module, target: str) -> str:
    """Say why a module may not import that part of the package; empty where it may."""
    there = target.split(".")[1] if "." in target else ""
    if module.top in FRONT or there == module.top or target == "sharesim.__version__":
        return ""
    if there not in RANK and there not in BESIDE:
        return "layers import each other, not the public names" if there in FRONT else "it belongs to no layer"
    if module.top in BESIDE:
        return "only the command line's own tests may" if there == "cli" else ""
    if there in BESIDE:
        return "" if module.top == "cli" else f"{there} is for users and tests"
    if module.top not in RANK:
        return "the importing module belongs to no layer; add it to the contract"
    if RANK[there] > RANK[module.top]:
        return ""
    return f"{module.top} and {there} stand side by side" if RANK[there] == RANK[module.top] else "imports run one way"


def import_violations(modules: Iterable[Module], declared: set[str]) -> dict[str, str]:
    """Return imports against the direction, heavy packages out of their place, and packages that nobody declared."""
    modules = tuple(modules)
    known = {module.dotted for module in modules}
    found: dict[str, str] = {}
    for module in modules:
        for line, target in imports_of(module, known):
            root = target.split(".")[0]
            if root == "sharesim":
                name, reason = target, wrong_direction(module, target)
            elif root in sys.stdlib_module_names:
                continue
            else:
                name, places = root, ONLY_IN.get(root, ())
                inside = any(f"{module.name}.".startswith(f"{place}.") for place in places)
                reason = f"only in {', '.join(places)}" if places and not inside else ""
                reason = reason or ("" if root in declared else "no dependency in pyproject.toml brings it")
            if reason:
                found[f"{module.dotted} -> {name}"] = f"{module.path.name}:{line}: {reason}"
    return found


def import_graph(modules: Iterable[Module]) -> dict[str, set[str]]:
    """Return for every module the modules of the package that it imports: at the top, for types only, in functions."""
    modules = tuple(modules)
    known = {module.dotted for module in modules}
    return {m.dotted: {target for _, target in imports_of(m, known) if target in known} - {m.dotted} for m in modules}


def import_circles(modules: Iterable[Module]) -> dict[str, str]:
    """Return the modules from which imports lead back to themselves, with a shortest way round."""
    graph, found = import_graph(modules), {}
    for start in graph:
        ways = [[start]]
        seen: set[str] = set()
        while ways and start not in found:
            way = ways.pop(0)
            for target in sorted(graph[way[-1]]):
                if target == start:
                    found[start] = " -> ".join([*way, start])
                elif target not in seen:
                    seen.add(target)
                    ways.append([*way, target])
    return found


def folder_violations(modules: Iterable[Module]) -> dict[str, str]:
    """Return folders that hold modules but no __init__.py, and modules of no layer."""
    modules = tuple(modules)
    folders = {module.path.parent for module in modules}
    found = {f"{f.name}/": "has modules but no __init__.py" for f in folders if not (f / "__init__.py").is_file()}
    tops = {module.top for module in modules} - set(RANK) - set(BESIDE) - set(FRONT)
    return found | dict.fromkeys(tops, "belongs to no layer of the import contract")


# -- sizes and docstrings ---------------------------------------------------------------------------------------------


def definitions(
    node: ast.AST, prefix: str = "", owner: ast.AST | None = None
) -> Iterator[tuple[str, ast.AST, Function | ast.ClassDef]]:
    """Yield qualified name, owner (module, class or function) and node of each function and class, nested ones too."""
    owner = owner or node
    for child in ast.iter_child_nodes(node):
        if isinstance(child, Function | ast.ClassDef):
            yield f"{prefix}{child.name}", owner, child
            yield from definitions(child, f"{prefix}{child.name}.")
        else:
            yield from definitions(child, prefix, owner)


def functions(modules: Iterable[Module]) -> Iterator[tuple[str, ast.AST, Function]]:
    """Yield key, owner and node of every function of every module."""
    for module in modules:
        for name, owner, node in definitions(module.tree):
            if isinstance(node, Function):
                yield f"{module.dotted}::{name}", owner, node


def long_modules(modules: Iterable[Module]) -> dict[str, str]:
    """Return modules with more lines than allowed."""
    lengths = {module.dotted: len(module.text.splitlines()) for module in modules}
    return {name: f"{n} lines; allowed {MODULE_LINES}" for name, n in lengths.items() if n > MODULE_LINES}


def long_functions(modules: Iterable[Module]) -> dict[str, str]:
    """Return functions whose body, its docstring aside, has more lines than allowed."""
    found = {}
    for key, _, node in functions(modules):
        body = node.body[1:] if ast.get_docstring(node) is not None else node.body
        n_lines = (node.end_lineno or 0) - body[0].lineno + 1 if body else 0
        if n_lines > FUNCTION_LINES:
            found[key] = f"body of {n_lines} lines; allowed {FUNCTION_LINES}"
    return found


def many_parameters(modules: Iterable[Module]) -> dict[str, str]:
    """Return functions with more parameters than allowed, self and cls not counted."""
    found = {}
    for key, owner, node in functions(modules):
        given = node.args
        names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        names += [a.arg for a in (given.vararg, given.kwarg) if a]
        if isinstance(owner, ast.ClassDef) and names[:1] in (["self"], ["cls"]):
            del names[0]
        if len(names) > PARAMETERS:
            found[key] = f"{len(names)} parameters; allowed {PARAMETERS}"
    return found


def missing_docstrings(modules: Iterable[Module]) -> dict[str, str]:
    """Return public modules, classes, functions and methods that do not say what they answer.

    A method that a base class in the package has, and documents, need not say it again; nor need a property of one
    statement, whose name says it.
    """
    modules = tuple(modules)
    classes = {n.name: n for module in modules for _, _, n in definitions(module.tree) if isinstance(n, ast.ClassDef)}
    found = {}
    for module in modules:
        if module.tree.body and ast.get_docstring(module.tree) is None:
            found[module.dotted] = "the module has no docstring"
        for name, owner, node in definitions(module.tree):
            private = any(part.startswith("_") for part in f"{module.name}.{name}".split("."))
            inner = not isinstance(owner, ast.Module | ast.ClassDef)
            if private or inner or ast.get_docstring(node) is not None or decorators(node) & NO_DOCSTRING_NEEDED:
                continue
            if decorators(node) & {"property", "cached_property"} and len(node.body) == 1:
                continue
            if isinstance(owner, ast.ClassDef) and node.name in documented_above(owner, classes):
                continue
            found[f"{module.dotted}::{name}"] = f"line {node.lineno}: no docstring"
    return found


def documented_above(node: ast.ClassDef, classes: dict[str, ast.ClassDef]) -> set[str]:
    """Return the names of methods that the bases of a class document; bases are found by their bare name."""
    names = (base.value if isinstance(base, ast.Subscript) else base for base in node.bases)
    bare = {base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "") for base in names}
    found: set[str] = set()
    for base in (classes[name] for name in bare - {node.name} if name in classes):
        found |= {n.name for n in base.body if isinstance(n, Function) and ast.get_docstring(n) is not None}
        found |= documented_above(base, classes)
    return found


def decorators(node: Function | ast.ClassDef) -> set[str]:
    """Return the last word of each decorator's name."""
    called = (d.func if isinstance(d, ast.Call) else d for d in node.decorator_list)
    return {d.attr if isinstance(d, ast.Attribute) else getattr(d, "id", "") for d in called}


# -- words that do not belong in the project --------------------------------------------------------------------------
# Put together from pieces, so that this file does not hold what it looks for.

FOLDERS = ("home", "Users", "root", "tmp", "work", "opt", "var", "mnt")
FORBIDDEN: dict[str, re.Pattern[str]] = {
    "path of one machine": re.compile(r"(?<![A-Za-z0-9_.<-])/(?:" + "|".join(FOLDERS) + r")/\w"),
    "path of one Windows machine": re.compile(r"\b[A-Z]:\\{1,2}" + "Users"),
    "address of a package index": re.compile(
        "|".join(["-".join(("index", "url")), "-".join(("find", "links")), "-".join(("trusted", "host"))])
        + "|" + r"\.".join(("pypi", "org")) + "|" + "python" + "hosted"
    ),
    "unfinished work": re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b"),
    "number of an issue": re.compile(r"\b[Ii]ssue" + r"s? #?\d"),
}


def project_files(root: Path) -> Iterator[Path]:
    """Yield the files that git tracks or would track; without git, all that are not in hidden or build folders."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=root, capture_output=True, text=True
    )
    if listed.returncode == 0:
        yield from (root / name for name in listed.stdout.split("\0") if name and (root / name).is_file())
        return
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        made = {"build", "dist", "runs", "__pycache__"} & set(parts) or parts[0].startswith(".")
        if path.is_file() and not made:
            yield path


def forbidden_text(root: Path) -> dict[str, str]:
    """Return where a file of the project holds what does not belong there."""
    found: dict[str, str] = {}
    for path in project_files(root):
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for what, pattern in FORBIDDEN.items():
            match = pattern.search(text)
            if match:
                line = text.count("\n", 0, match.start()) + 1
                found[f"{path.relative_to(root).as_posix()}: {what}"] = f"line {line}: {match.group()}"
    return found


#: Calls that turn bytes into text, and back, in letters that the machine chooses when nobody says which.
_TEXT_CALLS = ("open", "fdopen", "read_text", "write_text", "to_csv", "read_csv", "TextIOWrapper", "NamedTemporaryFile")
_PROGRAM_CALLS = ("run", "Popen", "check_output", "check_call", "call")


def unstated_encodings(modules: Iterable[Module]) -> dict[str, str]:
    """Find files and programs that are read or written as text without saying in which letters."""
    found = {}
    for module in modules:
        for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            if (name := _called(call)) and not any(word.arg == "encoding" for word in call.keywords):
                found[f"{module.dotted}: {name}"] = f"line {call.lineno}: no encoding is stated"
    return found


def _called(call: ast.Call) -> str:
    """Return the name of a call that makes text of bytes, else nothing."""
    is_method = isinstance(call.func, ast.Attribute)
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = getattr(call.func.value, "id", "") if isinstance(call.func, ast.Attribute) else ""
    words = {word.arg: word.value for word in call.keywords}
    if owner == "subprocess" and name in _PROGRAM_CALLS:
        return name if {"text", "universal_newlines"} & set(words) else ""
    if name not in _TEXT_CALLS or owner == "os" or (name in ("read_text", "write_text") and not is_method):
        return ""
    if name in ("read_text", "write_text"):
        return name
    texts = [part.value for part in (*call.args, *words.values()) if isinstance(part, ast.Constant)]
    is_binary = any(isinstance(text, str) and "b" in text and set(text) <= set("rwxab+") for text in texts)
    return "" if is_binary or (name == "NamedTemporaryFile" and "mode" not in words) else name
