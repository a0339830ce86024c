"""The jobs of the training benchmarks, each in a process of its own; see benchmarks/jobs.py.

w2v and gensim are called by the same names. Only the measured system is imported.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import compress, cycle, islice
from typing import Any


def speed(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Time training alone, in words of the vocabulary."""
    return _timed(word2vec(**task["settings"]), task)


def _timed(model: Any, task: dict[str, Any]) -> dict[str, float]:
    source = {"corpus_file": task["corpus"]}
    if task["system"] == "w2v":
        from w2v import Corpus

        source = {"sentences": Corpus(task["corpus"])}
    model.build_vocab(**source)
    counts = {"total_examples": model.corpus_count, "total_words": model.corpus_total_words}
    began, began_cpu = time.perf_counter(), time.process_time()
    result = model.train(**source, **counts, epochs=model.epochs)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    if not abs(float(model.wv.vectors.sum())) < float("inf"):
        raise FloatingPointError("the vectors are not finite: a speed without a result")
    words = sum(int(model.wv.get_vecattr(word, "count")) for word in model.wv.index_to_key)
    words *= model.epochs
    figures = {"seconds": seconds, "words": words, "words_per_second": words / seconds}
    if task["system"] == "w2v":
        figures |= {"shards": result.shards, "merging": result.merge_seconds / result.seconds}
    return {**figures, "cpu_seconds": cpu_seconds}


def vocab(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Time everything before training: w2v counts and encodes the text, gensim counts it."""
    model = word2vec(**task["settings"])
    began = time.perf_counter()
    model.build_vocab(corpus_file=task["corpus"])
    return {"seconds": time.perf_counter() - began, "vocabulary": len(model.wv)}


def iterable(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Time the same from a list of token lists that is built beforehand."""
    with open(task["corpus"], encoding="utf-8") as file:
        sentences = [line.split() for line in file]
    model = word2vec(**task["settings"])
    began = time.perf_counter()
    model.build_vocab(sentences)
    return {"seconds": time.perf_counter() - began, "vocabulary": len(model.wv)}


def job(word2vec: Any, task: dict[str, Any]) -> dict[str, float]:
    """Train from the text file to a file of vectors; timed from outside."""
    model = word2vec(corpus_file=task["corpus"], **task["settings"])
    model.wv.save_word2vec_format(task["output"], binary=True)
    return {"vocabulary": len(model.wv)}


def both_sides(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Time training; save the words, their vectors and those combined with the output vectors."""
    import numpy as np

    if task["system"] == "fasttext":
        figures, words, matrices = _fasttext(task)
    else:
        model = word2vec(**task["settings"])
        figures, words = _timed(model, task), model.wv.index_to_key
        matrices = {"input": model.wv.vectors}
        if task["system"] == "w2v" and model.config.uses_negative_sampling:
            matrices["combined"] = model.combined_vectors().vectors
    np.savez(task["output"], words="\n".join(words), **matrices)
    return figures


def _fasttext(task: dict[str, Any]) -> tuple[dict[str, Any], list[str], dict[str, Any]]:
    """Train words without subwords; return the figures, the words and their vectors."""
    import fasttext
    import numpy as np

    given = task["settings"]
    objective = "hs" if given.get("hs") else "ns"
    began, began_cpu = time.perf_counter(), time.process_time()
    model = fasttext.train_unsupervised(
        task["corpus"], model="skipgram" if given["sg"] else "cbow", loss=objective,
        dim=given["vector_size"], ws=given["window"], neg=given["negative"] or 5,
        epoch=given["epochs"], minCount=given["min_count"], t=given["sample"], minn=0, maxn=0,
        thread=given["workers"], verbose=0,
    )  # fmt: skip
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - began_cpu
    words = [word for word in model.get_words() if word != "</s>"]
    vectors = np.array([model.get_word_vector(word) for word in words], np.float32)
    return {"seconds": seconds, "cpu_seconds": cpu_seconds}, words, {"input": vectors}


def scaling(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Time training, save the vectors, and return the counters of an instrumented build."""
    if task["system"] != "w2v":
        model = word2vec(**task["settings"])
        figures = _timed(model, task)
        model.wv.save_word2vec_format(task["output"], binary=True)
        return {**figures, "counters": None}
    from w2v.training import _hogwild

    instrumented = getattr(_hogwild, "INSTRUMENTED", False)
    jobs, make = [], _hogwild.SharedState

    def kept(*given: Any) -> Any:
        jobs.append(make(*given))
        return jobs[-1]

    # The run creates its SharedState itself and does not pass it on.
    setattr(_hogwild, "SharedState", kept)  # noqa: B010
    model = word2vec(**task["settings"])
    figures = _timed(model, task)
    if task["output"]:
        model.wv.save_word2vec_format(task["output"], binary=True)
    return {**figures, "counters": dict(jobs[0].counters) if instrumented else None}


def instructions(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Train once with each of the settings, in one call of Worker.run each, for callgrind."""
    del word2vec  # it trains in many calls
    import numpy as np

    from w2v import Corpus, TrainingConfig, Vocabulary
    from w2v.training import _hogwild
    from w2v.training.weights import Weights
    from w2v.vocab.sampling import sampling_tables

    corpus = Corpus(task["corpus"])
    vocabulary = Vocabulary.from_corpus(corpus)

    def worker(config: TrainingConfig) -> _hogwild.Worker:
        weights = Weights.untrained(len(vocabulary), config)
        tables = sampling_tables(vocabulary, corpus, config)
        return _hogwild.Worker(
            _hogwild.SharedState(config, weights, corpus.ids, tables, vocabulary.tokens)
        )

    for settings in task["runs"]:
        ran = worker(TrainingConfig(**settings, workers=1))
        if ran.run(0, 0, 0, len(corpus.ids)) != _hogwild.DONE or not ran.predictions:
            raise ValueError("the text is too small: nothing was trained")
    # CBOW makes one prediction per center word; all kinds have the same center words.
    config = TrainingConfig(sg=0, vector_size=1, workers=1)
    asked, centers = worker(config), 0
    asked.seek_block(0, 0, 0, len(corpus.ids))
    contexts = np.empty(2 * config.window * 1000, np.int32)
    while made := asked.collect_predictions(
        contexts, np.empty(1001, np.int64), np.empty(1000, np.int32)
    ):
        centers += made
    return {"centers": centers, "words": vocabulary.tokens}


def objectives(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Time training with exactly the `n_words` most frequent words, by each objective."""
    del word2vec  # it keeps or leaves out all words of equal count
    import numpy as np

    from w2v import Corpus, TrainingConfig, Vocabulary
    from w2v.training.trainer import Trainer
    from w2v.training.weights import Weights

    text = Corpus(task["corpus"])
    order = np.argsort(-text.type_counts, kind="stable")[: task["n_words"]]
    vocabulary = Vocabulary(text.words(order), text.type_counts[order])

    # Only sentences with something to predict, so that a few are enough for a measurement.
    known = np.append(vocabulary.index(text) >= 0, False)[text.ids].cumsum()
    several = np.diff(known[text.ids < 0], prepend=0) > 1
    with open(task["corpus"], encoding="utf-8", newline="\n") as file:
        lines = list(compress(filter(str.strip, file), several))

    def train(config: TrainingConfig, sentences: int) -> dict[str, float]:
        piece = Corpus(islice(cycle(lines), sentences))
        ran = Trainer(Weights.untrained(len(vocabulary), config), vocabulary, config).run(piece)
        return {"seconds": ran.seconds, "words": ran.tokens, "predictions": ran.predictions}

    runs = {}
    for name, settings in task["objectives"].items():
        timer = partial(train, TrainingConfig(**task["settings"], **settings))
        runs[name] = timer(enough(timer, task["seconds"]))
    lengths = np.diff(vocabulary.huffman_tree().offsets)
    mean_path = float(np.average(lengths, weights=vocabulary.counts))
    return {"runs": runs, "mean_path": mean_path}


def enough(train: Callable[[int], dict[str, float]], seconds: float) -> int:
    """Return the number of sentences that train for about this long; the trials are the warm-up."""
    n = 1
    while (took := train(n)["seconds"]) < seconds / 8:
        n *= 4
    return max(1, round(n * seconds / took))


def encode_text(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Encode a text into a file."""
    del word2vec
    from w2v import Corpus

    return {"tokens": Corpus.encode(task["corpus"], task["encoded"]).n_tokens}


def planned_run(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Plan a run that reads a text and trains on it."""
    del word2vec
    import w2v

    _choose_clock(task)
    began = time.perf_counter()
    plan = w2v.plan(_source(task), **task["settings"])
    return {
        "memory": plan.memory,
        "seconds": plan.seconds,
        "parts": dict(plan.memory_parts),
        "times": dict(plan.time_parts),
        "planning_seconds": time.perf_counter() - began,
    }


def whole_run(word2vec: Any, task: dict[str, Any]) -> dict[str, Any]:
    """Time reading a text and training on it."""
    _choose_clock(task)
    source = _source(task)
    began = time.perf_counter()
    model = word2vec(source, **task["settings"])
    return {"seconds": time.perf_counter() - began, "vocabulary": len(model.wv)}


def _choose_clock(task: dict[str, Any]) -> None:
    """Let time be that of the processors, divided by the workers, if the task says so."""
    workers = task["settings"]["workers"]
    if task["cpu"]:
        setattr(time, "perf_counter", lambda: time.process_time() / workers)  # noqa: B010


def _source(task: dict[str, Any]) -> Any:
    """Return the text as a path, a list of lists in memory, or the path of an encoded corpus."""
    if task["source"] == "list":
        with open(task["corpus"], encoding="utf-8") as file:
            return [line.split() for line in file]
    return task["corpus"] if task["source"] == "file" else task["encoded"]
