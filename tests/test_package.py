"""The package as a whole: what it ships, what it imports, and that its lists of names agree."""

import ast
import dataclasses
import inspect
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import typing
import warnings
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import typer.main

import w2v
from w2v import _simd, simd
from w2v.cli import app
from w2v.config import parameters
from w2v.training import _hogwild
from w2v.training.watching import CONTROLS
from w2v.training.weights import Weights
from w2v.vocab.sampling import SamplingTables

PACKAGE = Path(w2v.__file__).resolve().parent
ROOT = Path(__file__).resolve().parent.parent


def python(code, **environment):
    """Run code in an interpreter of its own; W2V_SIMD is unset unless given."""
    inherited = {name: value for name, value in os.environ.items() if name != "W2V_SIMD"}
    return subprocess.run(
        [sys.executable, "-c", code],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


# ---- What is shipped -----------------------------------------------------------------------------


def test_version_is_written_in_one_place():
    assert metadata.version("w2v") == w2v.__version__
    quoted = f'"{w2v.__version__}"'.encode()
    files = [*PACKAGE.rglob("*.py"), ROOT / "setup.py", ROOT / "pyproject.toml"]
    assert [path.name for path in files if quoted in path.read_bytes()] == ["_version.py"]


def test_types_are_shipped():
    assert (PACKAGE / "py.typed").is_file()

    def module(path: Path) -> str:
        return path.relative_to(PACKAGE).as_posix().partition(".")[0]

    compiled = set(map(module, extension_files())) - {"_faults", "_cython_utility"}
    assert compiled == set(map(module, PACKAGE.rglob("*.pyi")))
    assert compiled == {
        "_simd",
        "corpus/_integer_encoder",
        "corpus/_phrases",
        "corpus/_text_encoder",
        "io/_checksum",
        "io/_subwords",
        "io/_vector_text",
        "io/_words",
        "training/_hogwild",
        "training/_kernel_bench",
        "training/_merge",
        "vectors/_distances",
        "vocab/_huffman",
    }


@pytest.mark.skipif(PACKAGE == ROOT / "w2v", reason="the sources are those of an editable install")
def test_sources_of_compiled_modules_are_not_installed():
    assert [path.name for path in PACKAGE.rglob("*") if path.suffix in (".pyx", ".c", ".h")] == []


@pytest.mark.parametrize("name", sorted(set(w2v.__all__) - {"__version__"}))
def test_public_names_are_documented(name):
    public = getattr(w2v, name)
    members = [public]
    if inspect.isclass(public):
        members += [
            member
            for key, member in vars(public).items()
            if not key.startswith("_") and (callable(member) or isinstance(member, property))
        ]
    elif inspect.ismodule(public):
        members += [getattr(public, key) for key in public.__all__]
    assert [member for member in members if not inspect.getdoc(member)] == []


def test_show_versions_prints_what_a_bug_report_needs(capsys):
    w2v.show_versions()
    printed = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert printed["w2v"].startswith(f"{w2v.__version__} (")
    assert printed["Python"].startswith(sys.version.split()[0])
    assert printed["numpy"] == np.__version__
    assert f"{simd.active()}*" in printed["SIMD"].split()
    assert int(printed["CPUs"]) >= 1
    assert {"platform", "scipy", "torch", "pyarrow"} <= printed.keys()


def test_compiled_modules_use_the_stable_abi_where_there_is_one():
    stable = (
        sys.implementation.name == "cpython"
        and sys.version_info >= (3, 11)
        and not sysconfig.get_config_var("Py_GIL_DISABLED")
    )
    assert {path.name: ".abi3." in path.name for path in extension_files()} == {
        path.name: stable and os.name == "posix" for path in extension_files()
    }


# ---- What is compiled ----------------------------------------------------------------------------

NUMPY_TRACES = (b"_ARRAY_API", b"PyArray_", b"numpy/core/include", b"numpy/_core/include")


def extension_files(folder=PACKAGE):
    return [path for path in folder.rglob("*") if path.suffix in (".so", ".pyd")]


def traces_of_numpy(path):
    content = path.read_bytes()
    return [trace for trace in NUMPY_TRACES if trace in content]


def test_nothing_is_compiled_against_numpy():
    assert {path.name: traces_of_numpy(path) for path in extension_files()} == {
        path.name: [] for path in extension_files()
    }


def test_traces_of_numpy_would_be_found():
    modules = extension_files(Path(np.random.__file__).parent)
    assert any(traces_of_numpy(path) for path in modules)


# ---- What is imported ----------------------------------------------------------------------------

# Parts of the standard library that cost milliseconds each.
HEAVY = {"asyncio", "concurrent", "email", "http", "multiprocessing", "sqlite3", "unittest", "xml"}


def imported_beyond_numpy(statement):
    """Names of the modules that a statement loads on top of numpy."""
    code = (
        "import sys, numpy; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(*set(sys.modules) - before)"
    )
    ended = python(code)
    assert ended.stderr == ""
    return set(ended.stdout.split())


def top(names):
    return {name.partition(".")[0] for name in names}


def test_names_are_imported_when_they_are_used():
    names = {name for name in imported_beyond_numpy("import w2v") if name.startswith("w2v")}
    names.discard("w2v._cython_utility")  # what compiled modules share
    assert names == {"w2v", "w2v._version"}
    names = imported_beyond_numpy("from w2v.cli import main")  # before Ctrl-C is waited for
    assert {name for name in names if name.startswith("w2v")} == {
        "w2v",
        "w2v._version",
        "w2v.cli",
        "w2v.cli.signals",
    }
    names = imported_beyond_numpy("from w2v import KeyedVectors")
    assert "w2v.vectors.keyed_vectors" in names
    assert not [name for name in names if name.startswith(("w2v.training", "w2v.corpus"))]


def test_lazy_names_are_those_that_type_checkers_see():
    tree = ast.parse((PACKAGE / "__init__.py").read_text("utf-8"))
    checked = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {node.module: tuple(alias.name for alias in node.names) for node in checked.body}
    assert seen == w2v._ROOMS
    assert set(w2v._ROOM_OF) | {"__version__", "simd"} == set(w2v.__all__)
    assert set(w2v.__all__) <= set(dir(w2v))
    with pytest.raises(AttributeError, match="module 'w2v' has no attribute 'Word3Vec'"):
        w2v.Word3Vec  # noqa: B018


def test_modules_are_there_after_import():
    assert w2v.plot is w2v.__getattr__("plot") is sys.modules["w2v.plot"]
    assert (
        {"distributed", "plot", "sequence", "simd", "sklearn"} <= set(w2v._MODULES) <= set(dir(w2v))
    )


def test_the_source_folder_says_what_happened(tmp_path):
    (tmp_path / "w2v").mkdir()
    for name in ("__init__.py", "_version.py"):
        shutil.copy(PACKAGE / name, tmp_path / "w2v")
    ended = python(f"import sys; sys.path[0] = {str(tmp_path)!r}; import w2v")
    said = ended.stderr.splitlines()[-1]
    assert said.startswith(f"ImportError: {tmp_path / 'w2v'} is w2v's source, whose compiled")


def test_errors_of_python_name_the_public_class():
    for name in dir(w2v.KeyedVectors):
        member = getattr(w2v.KeyedVectors, name)
        if inspect.isfunction(member) and name.startswith("_") == name.startswith("__"):
            assert member.__qualname__ == f"KeyedVectors.{name}"
    with pytest.raises(TypeError, match=r"^KeyedVectors\.__init__\(\) missing"):
        w2v.KeyedVectors()


# Public methods whose results have types of other libraries, or any type.
UNTYPED = {"get_vecattr", "to_gensim"}


@pytest.mark.skipif(sys.version_info < (3, 11), reason="get_overloads is new in Python 3.11")
@pytest.mark.parametrize("kind", [w2v.Word2Vec, w2v.KeyedVectors, w2v.Corpus, w2v.Vocabulary])
def test_results_have_types(kind):
    seen, untyped = set(), set()
    for base in reversed(kind.__mro__):  # a layer first, then the class that takes it over
        for name, member in vars(base).items():
            method = inspect.unwrap(getattr(member, "__func__", member))
            if name.startswith("_") or not inspect.isfunction(method) or name in seen:
                continue
            seen.add(name)
            if method.__annotations__["return"] == "Any" and not typing.get_overloads(method):
                untyped.add(name)
    assert seen
    assert untyped <= UNTYPED


# ---- Warnings ------------------------------------------------------------------------------------


def small(**settings):
    return w2v.Word2Vec(vector_size=2, min_count=1, epochs=1, workers=1, **settings)


def warn_of_one_word():
    w2v.Word2Vec([["a"], ["b"]], vector_size=2, min_count=1, epochs=1, workers=1, sample=0)


def warn_of_listed_words():
    small().build_vocab([["a", "b"]], vocabulary=["a", "b", "z"])


def warn_of_subsampling():
    model = small()
    model.build_vocab([["a", "b"]])
    model.train([["a", "b"]])


def warn_of_unknown_words():
    model = small(sample=0)
    model.build_vocab([["a", "b"]])
    model.score([["a", "c"]])


def warn_of_phrases():
    w2v.Phrases([["a", "b"], ["a", "b"], ["a_b", "c"]], min_count=1, threshold=1e-9)


def warn_of_nan():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "v.txt")
        path.write_text("a nan 1\nb 2 3\n")
        w2v.KeyedVectors.read(path)


@pytest.mark.parametrize(
    "call",
    [
        warn_of_one_word,
        warn_of_listed_words,
        warn_of_subsampling,
        warn_of_unknown_words,
        warn_of_phrases,
        warn_of_nan,
    ],
)
def test_warnings_point_at_the_line_of_the_caller(call):
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        call()
    assert told
    lines, first = inspect.getsourcelines(call)
    for one in told:
        assert one.filename == __file__
        assert first < one.lineno < first + len(lines)


def test_every_warning_goes_the_same_way():
    texts = {path.name: path.read_text("utf-8") for path in PACKAGE.rglob("*.py")}
    assert [name for name, text in texts.items() if "warnings.warn(" in text] == ["_warnings.py"]


def test_import_is_light():
    names = imported_beyond_numpy("from w2v import *")
    names = {name for name in names if "cython" not in name and "numpy._typing" not in name}
    names.discard("numpy.typing")
    assert top(names) - set(sys.stdlib_module_names) == {"w2v"}
    assert not top(names) & HEAVY


def test_heavy_imports_would_be_seen():
    names = imported_beyond_numpy("import scipy.sparse, multiprocessing.pool")
    assert top(names) >= {"scipy", "multiprocessing"}


def test_import_prints_nothing_and_leaves_the_environment_alone():
    ended = python(
        "import os, warnings, numpy; before = dict(os.environ), list(warnings.filters)\n"
        "import w2v; assert before == (dict(os.environ), list(warnings.filters))"
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


# ---- The lists of hyper-parameters ---------------------------------------------------------------


def defaults():
    return {field.name: field.default for field in dataclasses.fields(w2v.TrainingConfig)}


def test_word2vec_takes_every_hyperparameter():
    taken = {
        name: parameter.default
        for name, parameter in inspect.signature(w2v.Word2Vec).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    reading = ("tokenizer", "lowercase", "column", "errors")
    for name in ("trim_rule", "vocabulary", "init", *reading, "progress", *CONTROLS):
        del taken[name]
    assert list(taken.items()) == list(defaults().items())


def test_word2vec_passes_every_hyperparameter_on():
    unusual = {
        "quality": "best",
        "vector_size": 7,
        "window": 3,
        "min_count": 2,
        "max_final_vocab": 9,
        "sample": 0.5,
        "sg": 0,
        "cbow_mean": 0,
        "cbow_gradient": "exact",
        "negative": 4,
        "softmax": True,
        "max_softmax_vocab": 99,
        "ns_exponent": 0.25,
        "shared_negatives": False,
        "score_offsets": True,
        "shrink_windows": False,
        "alpha": 0.5,
        "min_alpha": 0.25,
        "decay_start": 0.5,
        "epochs": 11,
        "workers": 2,
        "shards": 5,
        "replica_memory": 7,
        "deterministic": True,
        "seed": 13,
    }
    assert unusual.keys() | {"hs"} == defaults().keys()
    for settings in (unusual, unusual | {"softmax": False, "hs": 1}):  # one excludes the other
        config = w2v.Word2Vec(**settings).config.to_dict()
        assert {name: config[name] for name in settings} == settings
    assert not (unusual | {"hs": 1}).items() & defaults().items()


def test_command_line_has_a_flag_for_every_hyperparameter():
    train = typer.main.get_command(app.app).commands["train"]
    flags = {option.name: option for option in train.params if option.name in defaults()}
    assert {name: flags[name].default for name in flags} == defaults()
    for name, option in flags.items():
        assert option.opts == ["--" + name.replace("_", "-")]
        assert parameters()[name].help[1:].partition(";")[0].partition(":")[0] in option.help


def documented(kind):
    """Return the text of each parameter in a NumPy-style docstring."""
    section = inspect.getdoc(kind).partition("Parameters\n----------\n")[2].partition("\n\n")[0]
    return {
        entry.partition(" : ")[0]: entry.rstrip()
        for entry in re.split(r"^(?=\w.* : )", section, flags=re.MULTILINE)[1:]
    }


def test_class_documentation_is_that_of_the_hyperparameters():
    model, config = documented(w2v.Word2Vec), documented(w2v.TrainingConfig)
    assert list(config) == list(defaults())
    assert {name: model[name] for name in config} == config


def test_every_range_is_documented():
    entries = documented(w2v.TrainingConfig)
    for name, spec in parameters().items():
        limits = [spec.low, spec.high] if spec.kind in ("int", "float") else []
        # Limits of the machine's integers are not worth a word.
        limits = [limit for limit in limits if abs(limit) < 2**31 - 2]
        assert [limit for limit in limits if f"{limit:,}" not in entries[name]] == []


@pytest.mark.parametrize("name", [one for one in w2v.__all__ if callable(getattr(w2v, one))])
def test_every_parameter_of_public_names_is_documented(name):
    public = getattr(w2v, name)
    lines = [line for line in inspect.getdoc(public).splitlines() if not line.startswith(" ")]
    known = set(re.findall(r"\w+", "\n".join(lines)))
    internal = {"epochs"} if name == "TrainingInterrupt" else set()
    assert set(inspect.signature(public).parameters) - internal <= known


def test_hot_loop_takes_what_its_stub_says():
    stub = ast.parse((PACKAGE / "training" / "_hogwild.pyi").read_text())
    state = next(node for node in stub.body if getattr(node, "name", "") == "SharedState")
    init = next(node for node in state.body if getattr(node, "name", "") == "__init__")
    names = [argument.arg for argument in init.args.args[1:]]
    matrix = np.zeros((2, _simd.ROW_FLOATS), np.float32)
    ids = np.array([0, 1, -1], np.int32)
    keep = np.full(2, 2**32 - 1, np.uint32)
    config = w2v.TrainingConfig(vector_size=1, workers=1)
    tables = SamplingTables(index=ids[:2].copy(), keep_threshold=keep, noise_table=ids[:2].copy())
    values = (config, Weights(matrix, matrix.copy()), ids, tables, 1, 0)
    keywords = dict(zip(names, values, strict=True))
    _hogwild.SharedState(**keywords)
    for name in names[: -len(init.args.defaults)]:
        with pytest.raises(TypeError, match="argument"):
            _hogwild.SharedState(**{other: keywords[other] for other in names if other != name})


# ---- Variants of the dense step ------------------------------------------------------------------


@pytest.fixture
def as_it_was():
    before = simd.active()
    yield
    simd.use(before)


def test_scalar_is_available_and_the_last_choice():
    assert simd.available()[-1] == "scalar"
    assert len(set(simd.available())) == len(simd.available())


def test_best_variant_is_chosen_at_import():
    ended = python("import w2v; print(w2v.simd.active())")
    assert ended.stdout.split() == [simd.available()[0]]


@pytest.mark.usefixtures("as_it_was")
def test_use_changes_the_variant():
    for name in simd.available():
        simd.use(name)
        assert simd.active() == name


@pytest.mark.usefixtures("as_it_was")
def test_use_refuses_what_is_not_there():
    simd.use("scalar")
    known = {name for name, _ in _simd.variants()}
    for name in {"avx2", "avx512", "neon", "AVX2", "", "sse9"} - set(simd.available()):
        why = "this machine cannot run it" if name in known else "there is no such variant here"
        message = f"simd.use({name!r}): {why}; available: {', '.join(simd.available())}"
        with pytest.raises(ValueError, match=re.escape(message)):
            simd.use(name)
        assert simd.active() == "scalar"


@pytest.mark.parametrize("name", simd.available())
def test_environment_forces_a_variant(name):
    ended = python("import w2v; print(w2v.simd.active())", W2V_SIMD=name)
    assert (ended.stdout.split(), ended.stderr) == ([name], "")


def test_environment_with_an_unknown_variant_is_an_error_at_import():
    ended = python("import w2v", W2V_SIMD="sse9")
    assert ended.returncode == 1
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("ValueError: W2V_SIMD='sse9': there is no such variant here")
    assert last.endswith("available: " + ", ".join(simd.available()))


@pytest.mark.parametrize(("make", "name", "message"), [
    (lambda: w2v.Corpus(["a b"]), "n_tokens", "would have no effect; a corpus does not change"),
    (lambda: w2v.Corpus(["a b"]), "lowercase", "no attribute 'lowercase' to set; a corpus does"),
    (lambda: w2v.Corpus(["a b"]), "reading", "reading cannot be set; a corpus does not change"),
    (lambda: w2v.Phrases(["a b"]), "delimiter", "found already: make another Phrases"),
    (lambda: w2v.Phrases(["a b"]), "threshold", "did you mean 'thresholds'"),
    (lambda: w2v.Vocabulary(["a"], np.ones(1, np.int64)), "words", "make another: Vocabulary"),
    (lambda: w2v.Vocabulary(["a"], np.ones(1, np.int64)), "min_count", "no attribute 'min_count'"),
])  # fmt: skip
def test_assignments_without_effect_are_refused(make, name, message):
    one = make()
    with pytest.raises(AttributeError, match=message):
        setattr(one, name, None)
    one._private = 1
