"""Which room may import which: the plan of docs/architecture.md, held against every import.

The ground floor is every module right in ``w2v/`` but the command line's and the adapters'. Imports
inside functions and under ``TYPE_CHECKING`` count too: a reader follows them just the same.
"""

import ast
import functools
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "w2v"

LOWER = {"ground", "io", "corpus", "vocab", "vectors", "training"}
ALLOWED = {
    "ground": set(),
    "io": {"ground"},
    "corpus": {"ground", "io"},
    "vocab": {"ground", "io", "corpus"},
    "vectors": {"ground", "io"},
    "training": {"ground", "io", "corpus", "vocab", "vectors"},
    "callbacks": LOWER,
    "plot": LOWER,
    "sequence": LOWER,
    "sklearn": LOWER,
    "compat": LOWER,
    "distributed": LOWER,
    "cli": LOWER | {"callbacks", "plot", "sequence", "distributed", "sklearn"},
}
# Imported only when a function is called.
LAZY = {("sequence", "plot")}


def room(parts):
    """Return the room of a module, given the parts of its name after ``w2v``."""
    if parts and (PACKAGE / parts[0]).is_dir():
        return parts[0]
    if not parts or not list(PACKAGE.glob(f"{parts[0]}.py*")):
        return "front"  # a name of ``w2v/__init__.py``
    return "sklearn" if parts[0] == "sklearn" else "ground"


def modules():
    found = [path for path in PACKAGE.rglob("*") if path.suffix in (".py", ".pyi", ".pyx")]
    return [path for path in found if path.relative_to(PACKAGE).parts[0] not in FRONT]


FRONT = {"__init__.py", "__main__.py"}  # they hand names on, and may import all


def imported(node):
    """Return the names of w2v's modules that an import statement names, without ``w2v``."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    return [name.split(".")[1:] for name in names if name.split(".")[0] == "w2v"]


def source(path):
    """Return what Python's parser can read: of a ``.pyx``, its import statements."""
    text = path.read_text("utf-8")
    if path.suffix != ".pyx":
        return text
    lines = [line for line in text.splitlines() if line.startswith(("import ", "from "))]
    return "\n".join(line for line in lines if " cimport " not in line)


def statements(body, inside=False):
    """Yield each statement, those within others included, and whether it is inside a function."""
    for node in body:
        yield node, inside
        within = inside or isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from statements(getattr(node, name, ()), within)


@functools.cache
def imports(path):
    """Return (line, names imported, whether it is inside a function) for each import of w2v's."""
    return [
        (node.lineno, parts, inside)
        for node, inside in statements(ast.parse(source(path)).body)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for parts in imported(node)
    ]


def arrows(path):
    """Yield (line, room imported, whether it is inside a function) for each import of w2v's."""
    for line, parts, inside in imports(path):
        yield line, room(parts), inside


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_arrows_are_those_of_the_plan(path):
    here = room(path.relative_to(PACKAGE).with_suffix("").parts)
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {here} -> {there}"
        for line, there, lazy in arrows(path)
        if there not in ALLOWED[here] | {here} and not (lazy and (here, there) in LAZY)
    ]
    assert wrong == []


def test_a_wrong_arrow_is_found(tmp_path):
    (tmp_path / "module.py").write_text(
        "from w2v import training\n\ndef f():\n    from w2v.plot.figure import save\n\n"
        "if TYPE_CHECKING:\n    from w2v import cli\nelse:\n    import w2v.io.files\n"
        "try:\n    pass\nexcept ImportError:\n    import w2v.corpus\n"
        "finally:\n    with a:\n        import w2v.vocab\n"
        "match a:\n    case 1:\n        def g():\n            import w2v.vectors\n"
    )
    assert list(arrows(tmp_path / "module.py")) == [
        (1, "training", False), (4, "plot", True), (7, "cli", False), (9, "io", False),
        (16, "vocab", False), (13, "corpus", False), (20, "vectors", True),
    ]  # fmt: skip


def test_every_room_is_in_the_plan():
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert rooms <= set(ALLOWED)


# ---- Circles -------------------------------------------------------------------------------------


def name_of(path):
    return path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".")


def circles(graph):
    """Return the modules on a circle of imports, in order of their names."""
    left = dict(graph)
    while True:
        done = [module for module, needs in left.items() if not needs & left.keys()]
        needed = set().union(*left.values()) if left else set()
        done += [module for module in left if module not in needed]
        if not done:
            return sorted(left)
        for module in done:
            left.pop(module, None)


def test_no_circle_among_modules():
    """Imports inside functions and under TYPE_CHECKING count: a reader goes round all the same."""
    names = {name_of(path) for path in modules() if path.name != "__init__.py"}
    graph = {name: set() for name in names}
    for path in modules():
        if path.name == "__init__.py":
            continue
        for _, parts, _ in imports(path):
            found = {".".join(parts), ".".join(parts[:-1])} & names
            graph[name_of(path)] |= found - {name_of(path)}
    assert circles(graph) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"a"}}) == ["b", "c"]
    assert circles({"a": {"b"}, "b": {"c"}, "c": set()}) == []
