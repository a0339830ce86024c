"""Files of vectors against gensim's: load and save, and our own format opened mapped.

The vectors are random: their digits are as long as digits get.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from w2v import KeyedVectors


def _least(action: Callable[[], Any], rounds: int) -> float:
    """Return the least seconds of some rounds."""
    seconds = []
    for _ in range(rounds):
        began = time.perf_counter()
        action()
        seconds.append(time.perf_counter() - began)
    return min(seconds)


def measure(words: int = 400_000, dimensions: int = 300, rounds: int = 2) -> Iterator[dict]:
    """Give a result for each job: seconds of w2v, of gensim, and their ratio."""
    from gensim.models import KeyedVectors as Gensim

    matrix = np.random.default_rng(1).standard_normal((words, dimensions), np.float32)
    names = [f"word{i}" for i in range(words)]
    ours, theirs = KeyedVectors(names, matrix), Gensim(dimensions)
    theirs.add_vectors(names, matrix)
    with tempfile.TemporaryDirectory() as folder:
        text, binary, own = (os.path.join(folder, name) for name in ("v.txt", "v.bin", "v.w2v"))
        jobs = {
            "save text": (
                lambda: ours.export(text),
                lambda: theirs.save_word2vec_format(text),
            ),
            "save binary": (
                lambda: ours.export(binary),
                lambda: theirs.save_word2vec_format(binary, binary=True),
            ),
            "load text": (
                lambda: KeyedVectors.read(text),
                lambda: Gensim.load_word2vec_format(text),
            ),
            "load binary": (
                lambda: KeyedVectors.read(binary),
                lambda: Gensim.load_word2vec_format(binary, binary=True),
            ),
        }
        for job, (our, their) in jobs.items():
            seconds, peer = _least(our, rounds), _least(their, 1)
            yield {"job": job, "w2v_s": seconds, "gensim_s": peer, "ratio": peer / seconds}
        ours.save(own)
        opened = _least(lambda: KeyedVectors.load(own, mmap=True).most_similar(names[5]), rounds)
        yield {"job": "open mapped, first query included", "w2v_s": opened}
