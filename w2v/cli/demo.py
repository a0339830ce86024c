"""A corpus that is installed with every Python: its own documentation.

The docstrings of the standard library, NumPy and SciPy and the help topics of pydoc contain about a
million words of plain technical English. Source files are read as text: nothing is imported or
executed, and no syntax tree is built except that of the literal with the topics.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import sysconfig
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from w2v.vectors.keyed_vectors import KeyedVectors

# Settings for a corpus this small: more epochs, a higher rate, more noise words, and fewer
# occurrences of frequent words.
SETTINGS: Mapping[str, Any] = {
    "min_count": 10,
    "epochs": 10,
    "alpha": 0.05,
    "negative": 10,
    "sample": 3e-4,
}

# In order of preference; which are frequent enough depends on the installation.
CANDIDATES = (
    *("matrix", "list", "float", "eigenvalues", "integer", "monday", "exception", "socket"),
    *("polynomial", "directory", "red", "variance", "cosine", "string", "probability", "thread"),
    *("gradient", "url", "frequency", "integral", "server", "dictionary", "sparse", "window"),
)

# Fewer words than this are not enough to train on: the source files are missing.
MIN_WORDS = 50_000

_PACKAGES = ("numpy", "scipy")
_TOPICS = os.path.join("pydoc_data", "topics.py")

# Test suites have little prose, and other packages differ from installation to installation.
_SKIPPED_FOLDERS = frozenset(
    ("test", "tests", "idle_test", "site-packages", "dist-packages", "_bundled", "__pycache__")
)

# Every string and comment, so that a quote inside one is not mistaken for the start of another.
_STRING_OR_COMMENT = re.compile(
    r'''("""|\'\'\')(?P<long>(?:[^\\]|\\.)*?)\1'''
    r"""|"(?P<double>(?:[^"\\\n]|\\.)*)"|'(?P<single>(?:[^'\\\n]|\\.)*)'|\#[^\n]*""",
    re.DOTALL,
)
_EXAMPLE = re.compile(r"^[ \t]*>>>.*\n?(?:[ \t]*\S.*\n?)*", re.MULTILINE)  # up to an empty line
_URL = re.compile(r"\w+://\S+")
_SENTENCE_END = re.compile(r"\n\s*\n|[.?!:;]\s")
# Neither \alpha (TeX, escapes) nor _private nor __init__ is a word.
_WORD = re.compile(r"(?<![\\\w])[^\W\d_](?:[\w']*\w)?(?!\w)")


def load_docstrings() -> list[list[str]]:
    """Collect the documentation installed with this Python as tokenized sentences.

    The same installation always gives the same sentences in the same order. Code examples, URLs
    and test suites are left out, and repeated text is included once.

    Returns
    -------
    list of list of str
        One list of lower-case words per sentence, none of them empty.

    Raises
    ------
    ValueError
        If there is almost no documentation, as in installations without source files.
    """
    found: dict[str, None] = {}
    for path in _source_files():
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                source = file.read()
        except OSError:  # a dangling link, or no permission
            continue
        texts = _topics(source) if path.endswith(_TOPICS) else _docstrings(source)
        found.update(dict.fromkeys(texts))
    sentences = [sentence for text in found for sentence in _sentences(text)]
    n_words = sum(map(len, sentences))
    if n_words < MIN_WORDS:
        raise ValueError(
            f"found only {n_words:,} words of documentation in {', '.join(_roots())}: this Python "
            f"seems to be installed without source files (.py), and the demo needs at least "
            f"{MIN_WORDS:,} words; train on a text file of your own instead"
        )
    return sentences


def example_words(vectors: KeyedVectors, n: int = 12) -> list[str]:
    """Return words whose neighbors are worth showing.

    Parameters
    ----------
    vectors : KeyedVectors
        Trained on `load_docstrings()` with `SETTINGS`.
    n : int, default 12
        Maximum number of words.

    Returns
    -------
    list of str
        The first `n` of `CANDIDATES` that occur often enough to be in the vocabulary.
    """
    return [word for word in CANDIDATES if word in vectors][:n]


def _roots() -> list[str]:
    roots = [sysconfig.get_path("stdlib")]
    for package in _PACKAGES:
        # For a top-level name find_spec only looks for the package; it does not import it.
        spec = importlib.util.find_spec(package)
        roots += (spec and spec.submodule_search_locations) or []
    return roots


def _source_files() -> Iterator[str]:
    for root in _roots():
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(set(folders) - _SKIPPED_FOLDERS)
            for name in sorted(files):
                if name.endswith(".py"):
                    yield os.path.join(folder, name)


def _docstrings(source: str) -> Iterator[str]:
    """Yield the strings that document something: those that start a line.

    A string in triple quotes counts wherever it starts a line, which includes the texts that NumPy
    and SciPy attach by a call (`add_newdoc`). One in single quotes may be an argument, and counts
    only after a colon.
    """
    for match in _STRING_OR_COMMENT.finditer(source):
        kind = match.lastgroup
        if kind is None:
            continue
        line_start = source.rfind("\n", 0, match.start()) + 1
        if source[line_start : match.start()].strip(" \trRuU"):
            continue
        if kind == "long" or source[max(0, line_start - 100) : line_start].rstrip().endswith(":"):
            yield match[kind]


def _topics(source: str) -> Iterable[str]:
    """Return the texts of pydoc's help topics: a module that is one assignment of one dict."""
    for statement in ast.parse(source).body:
        if isinstance(statement, ast.Assign):
            topics: dict[str, str] = ast.literal_eval(statement.value)
            return topics.values()
    return ()


def _sentences(text: str) -> Iterator[list[str]]:
    text = _URL.sub("", _EXAMPLE.sub("", text)).lower()
    for sentence in _SENTENCE_END.split(text):
        words = _WORD.findall(sentence)
        if len(words) > 1:
            yield words
