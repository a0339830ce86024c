"""Analogy questions to word vectors: w2v beside gensim, same vectors, same answers.

Without files, vectors and questions are random: 30,000 words with 100 dimensions and 19,544
questions about 905 of the words, as in the question set of word2vec. The cost of a question does
not depend on them. gensim is timed once, because it takes minutes.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.report import Report
from w2v import KeyedVectors

_WORDS, _DIMENSIONS, _QUESTIONS, _ASKED = 30_000, 100, 19_544, 905
_METHODS = {"3CosAdd": "most_similar", "3CosMul": "most_similar_cosmul"}


def analogies(options: argparse.Namespace, report: Report) -> None:
    """Time all questions, and check that w2v and gensim agree.

    Parameters
    ----------
    options : Namespace
        ``vectors`` and ``questions``, paths or None, and ``rounds``.
    report : Report
    """
    from gensim.models import KeyedVectors as Gensim

    ours = _random_vectors() if options.vectors is None else KeyedVectors.load(options.vectors)
    theirs = Gensim(ours.vector_size)
    theirs.add_vectors(ours.index_to_key, np.array(ours.vectors))
    with tempfile.TemporaryDirectory() as folder:
        questions = options.questions or _random_questions(ours, Path(folder) / "questions.txt")
        times = dict.fromkeys(_METHODS, float("inf"))
        answers = {}
        for _ in range(options.rounds):
            for name, function in _METHODS.items():
                start = time.perf_counter()
                answers[name] = ours.evaluate_word_analogies(
                    questions, restrict_vocab=_WORDS, similarity_function=function
                )
                times[name] = min(times[name], time.perf_counter() - start)
        start = time.perf_counter()
        expected = theirs.evaluate_word_analogies(str(questions), restrict_vocab=_WORDS)
        theirs_seconds = time.perf_counter() - start
    rows = []
    for name, seconds in times.items():
        score, sections = answers[name]
        asked = len(sections[-1]["correct"]) + len(sections[-1]["incorrect"])
        other = theirs_seconds if name == "3CosAdd" else None
        report.record(
            row=f"analogies, {name}", w2v=seconds, gensim=other, score=score, asked=asked,
            gensim_score=expected[0] if other else None,
        )  # fmt: skip
        cells = ("", "", "") if other is None else (
            f"{other:.1f}", f"{expected[0]:.4f}", f"{other / seconds:.0f}x"
        )  # fmt: skip
        rows.append((name, f"{asked:,}", f"{seconds:.2f}", f"{score:.4f}", *cells))
    report.table(
        f"Analogies, {min(_WORDS, len(ours)):,} words x {ours.vector_size} dimensions",
        ("", "questions", "w2v (s)", "score", "gensim (s)", "score", "ratio"),
        rows,
        f"Minimum of {options.rounds} rounds; gensim once, and only 3CosAdd. Includes reading the "
        "file.",
    )
    if answers["3CosAdd"] != expected:
        raise RuntimeError("w2v and gensim do not answer the same questions correctly")


def _random_vectors() -> KeyedVectors:
    vectors = np.random.default_rng(1).standard_normal((_WORDS, _DIMENSIONS), np.float32)
    return KeyedVectors([f"w{row}" for row in range(_WORDS)], vectors)


def _random_questions(wv: KeyedVectors, path: Path) -> Path:
    """Write random questions about a few of the words."""
    random = np.random.default_rng(2)
    words = random.choice(wv.index_to_key[:_WORDS], min(_ASKED, len(wv)), replace=False)
    lines = [" ".join(random.choice(words, 4, replace=False)) for _ in range(_QUESTIONS)]
    path.write_text("\n".join([": random", *lines]) + "\n", "utf-8")
    return path
