"""One measured job in a process of its own: ``python jobs.py '{"job": ..., "system": ...}'``.

Both systems are called in the same words. Prints one JSON line. It is run as a script, so that
nothing but the measured system is imported, and that from where it is installed.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from typing import Any


def main() -> None:
    """Do the job that the first argument describes."""
    del sys.path[0]  # this folder, where a library might find our modules in place of its own
    task = json.loads(sys.argv[1])
    system = importlib.import_module("w2v" if task["system"] == "w2v" else "gensim.models")
    figures = JOBS[task["job"]](system.Word2Vec, task)
    print(json.dumps({**figures, "peak_bytes": peak_bytes()}))


def speed(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Time training alone, in words of the vocabulary."""
    model = word2vec(sg=1, **task["settings"])
    source = {"corpus_file": task["corpus"]}
    if task["system"] == "w2v":
        from w2v import Corpus

        source = {"sentences": Corpus(task["corpus"])}
    model.build_vocab(**source)
    counts = {"total_examples": model.corpus_count, "total_words": model.corpus_total_words}
    began = time.perf_counter()
    model.train(**source, **counts, epochs=model.epochs)
    seconds = time.perf_counter() - began
    if not abs(float(model.wv.vectors.sum())) < float("inf"):
        raise FloatingPointError("the vectors are not finite: a speed without a result")
    words = sum(int(model.wv.get_vecattr(word, "count")) for word in model.wv.index_to_key)
    words *= model.epochs
    return {"seconds": seconds, "words": words, "words_per_second": words / seconds}


def vocab(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Time all that comes before training: w2v counts and encodes the text, gensim counts it."""
    model = word2vec(sg=1, **task["settings"])
    began = time.perf_counter()
    model.build_vocab(corpus_file=task["corpus"])
    return {"seconds": time.perf_counter() - began, "vocabulary": len(model.wv)}


def iterable(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Time the same from a list of token lists, which is made beforehand."""
    with open(task["corpus"], encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    model = word2vec(sg=1, **task["settings"])
    began = time.perf_counter()
    model.build_vocab(sentences)
    return {"seconds": time.perf_counter() - began, "vocabulary": len(model.wv)}


def job(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Go from the text file to a file of vectors; timed from outside."""
    model = word2vec(corpus_file=task["corpus"], sg=1, **task["settings"])
    model.wv.save_word2vec_format(task["output"], binary=True)
    return {"vocabulary": len(model.wv)}


def peak_bytes() -> int | None:
    """Return the most memory this process has held, or None where that is not told.

    On Linux a child's ru_maxrss starts from its parent's memory; VmHWM is the same figure for this
    program alone.
    """
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        pass
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


JOBS = {"speed": speed, "vocab": vocab, "iterable": iterable, "job": job}

if __name__ == "__main__":
    main()
