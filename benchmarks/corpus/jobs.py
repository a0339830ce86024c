"""The jobs of corpora.py, each of which reads a text in its own process; see benchmarks/jobs.py.

Only the measured system is imported.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any

Figures = dict[str, Any]


def encode(word2vec: Any, task: Figures) -> Figures:
    """Read a file into ids; gensim: count its words, then read it again as an epoch does."""
    if task["system"] == "w2v":
        from w2v import Corpus

        began = time.process_time()
        figures = _told(*_timed(lambda: Corpus(task["corpus"], **task["settings"])))
        return {**figures, "cpu_seconds": time.process_time() - began}
    from gensim.models.word2vec import LineSentence

    model = word2vec(vector_size=1)  # gensim allocates vectors too, which should cost nothing
    again = [0, 0]

    def read() -> None:
        model.build_vocab(LineSentence(task["corpus"]))
        for sentence in LineSentence(task["corpus"]):
            again[0] += len(sentence)
            again[1] += 1

    seconds, _ = _timed(read)
    return {"seconds": seconds, "tokens": again[0], "sentences": again[1]}


def token_lists(word2vec: Any, task: Figures) -> Figures:
    """Read token lists in memory: w2v from a generator into ids, gensim into counts."""
    with open(task["corpus"], encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    if task["system"] == "w2v":
        from w2v import Corpus

        return _told(*_timed(lambda: Corpus(sentence for sentence in sentences)))
    model = word2vec(vector_size=1)
    seconds, _ = _timed(lambda: model.build_vocab(sentences))
    return {"seconds": seconds, "tokens": model.corpus_total_words}


def phrases(word2vec: Any, task: Figures) -> Figures:
    """Find phrases in a text in memory, then join them."""
    del word2vec
    if task["system"] == "w2v":
        from w2v import Corpus, Phrases

        corpus = Corpus(task["corpus"])
        seconds, found = _timed(lambda: Phrases(corpus, min_count=5, threshold=10.0, workers=1))
        joining, joined = _timed(lambda: found[corpus])
        n_phrases, tokens = len(found), joined.n_tokens
    else:
        from gensim.models import Phrases
        from gensim.models.word2vec import LineSentence

        sentences = list(LineSentence(task["corpus"]))
        seconds, found = _timed(lambda: Phrases(sentences, min_count=5, threshold=10.0))
        joining, tokens = _timed(lambda: sum(map(len, found[sentences])))
        n_phrases = len(found.export_phrases())
    return {
        "seconds": seconds,
        "joining_seconds": joining,
        "phrases": n_phrases,
        "tokens": tokens,
    }


def words_of_prose(word2vec: Any, task: Figures) -> Figures:
    """Split raw lines into lower-case words and number them, in Python or with gensim."""
    del word2vec
    split: Callable[[str], Iterable[str]]
    if task["system"] == "gensim":
        from gensim.utils import simple_preprocess as split
    else:
        find = re.compile(r"\w+").findall

        def split(line: str) -> Iterable[str]:
            return find(line.lower())

    def number() -> int:
        index: dict[str, int] = {}
        tokens = 0
        with open(task["corpus"], encoding="utf-8") as file:
            for line in file:
                ids = [index.setdefault(word, len(index)) for word in split(line)]
                tokens += len(ids)
        return tokens

    seconds, tokens = _timed(number)
    return {"seconds": seconds, "tokens": tokens}


def decompress(word2vec: Any, task: Figures) -> Figures:
    """Decompress a file and discard the result, as fast as this Python can."""
    del word2vec

    def read() -> int:
        with _opened(task["corpus"]) as file:
            return sum(map(len, iter(lambda: file.read(1 << 18), b"")))

    seconds, n_bytes = _timed(read)
    return {"seconds": seconds, "bytes": n_bytes}


def _opened(path: str) -> Any:
    if path.endswith(".gz"):
        import gzip

        return gzip.open(path)
    if path.endswith(".xz"):
        import lzma

        return lzma.open(path)
    return zstd().open(path)


def zstd() -> Any:
    """Return the module that reads .zst files; raise an ImportError if it is not installed."""
    try:
        from compression import zstd  # Python 3.14
    except ImportError:
        from backports import zstd
    return zstd


def repeat(word2vec: Any, task: Figures) -> Figures:
    """Save the ids of a text, repeated up to a number of tokens, as an encoded corpus."""
    del word2vec
    import numpy as np

    from w2v import Corpus
    from w2v.corpus.encoded import EncodedCorpus

    corpus = Corpus(task["corpus"])
    times = -(-task["least"] // corpus.n_tokens)
    one = corpus.encoded
    many = EncodedCorpus(np.tile(one.ids, times), one.counts * times, one.offsets, one.words)
    Corpus.from_encoded(many).save(task["output"])
    return {"tokens": many.n_tokens}


def opening(word2vec: Any, task: Figures) -> Figures:
    """Open an encoded corpus that is in the file cache."""
    del word2vec
    from w2v import Corpus

    return _told(*_timed(lambda: Corpus.open(task["corpus"], verify=task["verify"])))


def training(word2vec: Any, task: Figures) -> Figures:
    """Train an epoch from an encoded file, mapped or copied into memory, in turns.

    Both run in one process, so that they have the same matrices and memory layout. Processor time
    is measured too, because other programs do not add to it.
    """
    import numpy as np

    from w2v import Corpus
    from w2v.corpus.encoded import EncodedCorpus

    mapped = Corpus.open(task["corpus"], verify=False)
    one = mapped.encoded
    loaded = Corpus.from_encoded(
        EncodedCorpus(np.array(one.ids), one.counts, one.offsets, one.words)
    )
    model = word2vec(epochs=1, **task["settings"])
    model.build_vocab(mapped)
    runs: dict[str, list[float]] = {"mapped": [], "loaded": []}
    wall: dict[str, list[float]] = {"mapped": [], "loaded": []}
    turns = [("mapped", mapped), ("loaded", loaded)]
    for done in range(task["rounds"]):
        for name, corpus in turns[:: 1 if done % 2 else -1]:
            began = time.process_time()
            result = model.train(corpus)
            runs[name].append(result.tokens / (time.process_time() - began))
            wall[name].append(result.words_per_second)
    return {"words_per_cpu_second": runs, "words_per_second": wall}


def spilling(word2vec: Any, task: Figures) -> Figures:
    """Encode a text file to an encoded corpus file within a memory budget."""
    del word2vec
    from w2v import Corpus

    how = {"memory": task["memory"], "workers": task["workers"]}
    return _told(*_timed(lambda: Corpus.encode(task["corpus"], task["output"], **how)))


def _timed(action: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    result = action()
    return time.perf_counter() - began, result


def _told(seconds: float, corpus: Any) -> Figures:
    return {
        "seconds": seconds,
        "tokens": corpus.n_tokens,
        "types": corpus.n_types,
        "sentences": corpus.n_sentences,
    }
