"""Text classifiers: pretrained vectors against random ones, and the speed of the training loop.

Accuracy: 2,000 labeled training sentences and 2,000 test sentences for each of several seeds, which
choose the sentences and initialize the networks. Word vectors are learned from the text without
labels and without the test sentences (--corpus and --vectors are not searched for them, nor --data
for duplicates), or they are random numbers with the same standard deviation. They are frozen or
fine-tuned, and read by an LSTM, a plain RNN, a GRU or the mean of the word vectors, with equal,
untuned settings.

Without --data, the sentences are from the docstrings of the installed Python packages, and the
label is what a sentence documents: a package of SciPy, a part of NumPy or of the standard library.

Speed: one epoch of the LSTM classifier beside a plain loop over torch.nn.Embedding and
torch.nn.LSTM with the same batches and sizes, in turns.
"""

from __future__ import annotations

import argparse
import itertools
import random
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import arguments
from benchmarks.report import Report
from w2v import KeyedVectors, Word2Vec
from w2v._validation import require_package
from w2v.cli import demo
from w2v.io.classification_data import read_labeled_texts

PARTS = ("accuracy", "speed")
CELLS = ("lstm", "gru", "rnn", "mean")

Sentences = list[list[str]]

# The labels of the docstrings, and the folders of their files.
_AREAS = {
    "statistics": ("scipy/stats/",),
    "signals": ("scipy/signal/",),
    "sparse matrices": ("scipy/sparse/",),
    "optimization": ("scipy/optimize/",),
    "linear algebra": ("scipy/linalg/", "numpy/linalg/"),
    "images": ("scipy/ndimage/",),
    "arrays": ("numpy/_core/", "numpy/core/", "numpy/lib/"),
    "internet": ("/asyncio/", "/email/", "/http/", "/urllib/", "/xml/", "/socket", "/ssl"),
}
_MIN_WORDS = 6  # words in a labeled sentence


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number = parser.add_argument, arguments.NUMBER
    add("--data", **arguments.FILE,
        help="label<TAB>text, one per line (default: sentences of the docstrings)")  # fmt: skip
    add("--corpus", **arguments.FILE,
        help="further text to learn vectors from, one sentence per line")  # fmt: skip
    add("--vectors", **arguments.FILE, help="use these word vectors instead of learning them")
    add("--only", **arguments.choices(PARTS, "PART", "what to measure"))
    add("--cells", **arguments.choices(CELLS, "CELL", "what reads the vectors"))
    add("--sentences", **number, default=2000,
        help="training sentences, and as many test sentences (2000)")  # fmt: skip
    add(
        "--seeds", **arguments.NUMBERS, default=[1, 2, 3, 4, 5], help="one run per seed (1 2 3 4 5)"
    )
    add("--dim", **number, default=100, help="vector size (100)")
    add("--words", **number, default=20_000, help="vocabulary size for timing (20000)")
    add("--rounds", **number, default=3, help="timings of speed (3)")


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure the chosen parts and print a table for each."""
    torch = require_package("torch", "w2v[torch]", "this benchmark")
    texts, labels, more = _texts(options)
    counts = Counter(labels)
    summary = ", ".join(f"{label} {count:,}" for label, count in sorted(counts.items()))
    report.note(f"{len(texts):,} labeled sentences: {summary}")
    if "accuracy" in options.only:
        _accuracy(options, report, texts, labels, more)
    if "speed" in options.only:
        _speed(options, report, torch, texts, labels)


# ---- Texts ---------------------------------------------------------------------------------------


def _texts(options: argparse.Namespace) -> tuple[Sentences, list[str], Sentences]:
    """Return labeled sentences, their labels, and unlabeled sentences."""
    more: Sentences = []
    if options.corpus is not None:
        with open(options.corpus, encoding="utf-8") as file:
            more = [line.split() for line in file]
    if options.data is not None:
        texts, labels = read_labeled_texts(options.data)
        return [text.split() for text in texts], labels, more
    found: dict[tuple[str, ...], set[str | None]] = defaultdict(set)
    for path in demo._source_files():
        place = Path(path).as_posix()
        area = next((a for a, parts in _AREAS.items() if any(p in place for p in parts)), None)
        with open(path, encoding="utf-8", errors="replace") as file:
            source = file.read()
        for text in demo._docstrings(source):
            for sentence in demo._sentences(text):
                found[tuple(sentence)].add(area)
    texts, labels = [], []
    for words, areas in found.items():
        # A sentence that occurs in two areas belongs to neither.
        (area,) = areas if len(areas) == 1 else (None,)
        if area is not None and len(words) >= _MIN_WORDS:
            texts.append(list(words))
            labels.append(area)
        else:
            more.append(list(words))
    return texts, labels, more


def _drawn(labels: list[str], count: int, seed: int) -> tuple[list[int], list[int], list[int]]:
    """Return training rows, test rows, equally many per class, and all other rows."""
    rows: dict[str, list[int]] = defaultdict(list)
    for row, label in enumerate(labels):
        rows[label].append(row)
    each = count // len(rows)
    fewest = min(rows, key=lambda label: len(rows[label]))
    if len(rows[fewest]) < 2 * each:
        raise ValueError(
            f"{len(rows[fewest]):,} texts of class {fewest!r}: expected at least {2 * each:,} per "
            "class, half of them for the test; use a smaller --sentences"
        )
    draw = random.Random(seed)
    train, test, rest = [], [], []
    for label in sorted(rows):
        mixed = draw.sample(rows[label], len(rows[label]))
        train += mixed[:each]
        test += mixed[each : 2 * each]
        rest += mixed[2 * each :]
    return train, test, rest


# ---- Accuracy ------------------------------------------------------------------------------------


def _accuracy(
    options: argparse.Namespace,
    report: Report,
    texts: Sentences,
    labels: list[str],
    more: Sentences,
) -> None:
    from w2v.sequence import SequenceClassifier

    figures: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    known = []
    began = time.perf_counter()
    for seed in options.seeds:
        train, test, rest = _drawn(labels, options.sentences, seed)
        wv = _pretrained(options, [texts[i] for i in (*train, *rest)] + more, seed)
        noise = np.random.default_rng(seed).normal(size=wv.vectors.shape) * wv.vectors.std()
        sources = {
            "pretrained": wv,
            "random": KeyedVectors(wv.index_to_key, noise.astype(np.float32)),
        }
        words = [word for i in test for word in texts[i]]
        known.append(sum(word in wv for word in words) / len(words))
        settings = itertools.product(options.cells, sources.items(), (False, True))
        for cell, (source, vectors), trainable in settings:
            clf = SequenceClassifier(vectors, cell, freeze=not trainable, seed=seed)
            clf.fit([texts[i] for i in train], [labels[i] for i in train])
            score = clf.score([texts[i] for i in test], [labels[i] for i in test])
            how = "fine-tuned" if trainable else "frozen"
            figures[cell, source, how].append(score)
            report.record(
                row=f"classify {cell} {source} {how}",
                seed=seed,
                sentences=len(train),
                classes=len(set(labels)),
                figures={"accuracy": score, "epochs": len(clf.history_)},
            )
            report.note(
                f"{time.perf_counter() - began:.0f} s: seed {seed}, {cell}, {source} vectors, "
                f"{how}: {score:.3f} after {len(clf.history_)} epochs"
            )
    rows = [
        (*key, f"{np.mean(scores):.3f}", f"{np.std(scores, ddof=len(scores) > 1):.3f}",
         f"{min(scores):.3f}–{max(scores):.3f}")
        for key, scores in figures.items()
    ]  # fmt: skip
    report.table(
        f"Accuracy: {len(set(labels))} classes, {len(train):,} training sentences, "
        f"{len(test):,} test sentences",
        ("model", "vectors", "", "mean", "standard deviation", "range"),
        rows,
        f"{len(options.seeds)} seeds; a random guess scores {1 / len(set(labels)):.3f}. "
        f"{np.mean(known):.1%} of the test words have a vector, with {options.dim} dimensions.",
    )


def _pretrained(options: argparse.Namespace, sentences: Sentences, seed: int) -> KeyedVectors:
    if options.vectors is not None:
        return KeyedVectors.read(options.vectors)
    settings = dict(demo.SETTINGS) if options.corpus is None else {"epochs": 2}
    return Word2Vec(sentences, vector_size=options.dim, seed=seed, **settings).wv


# ---- Speed ---------------------------------------------------------------------------------------


def _speed(
    options: argparse.Namespace, report: Report, torch: Any, texts: Sentences, labels: list[str]
) -> None:
    from w2v.sequence import Embedding, SequenceClassifier
    from w2v.sequence.batching import encode_texts
    from w2v.sequence.labels import fit_labels

    train, _, _ = _drawn(labels, options.sentences, 1)
    texts, labels = [texts[i] for i in train], [labels[i] for i in train]
    words = sorted({word for text in texts for word in text})
    more = [f"word{i}" for i in range(options.words - len(words))]  # as in a full vocabulary
    rows = np.random.default_rng(1).normal(size=(len(words) + len(more), options.dim)) / 4
    wv = KeyedVectors(words + more, rows.astype(np.float32))
    embedding = Embedding(wv)
    data, _, _ = encode_texts(texts, embedding)
    ids = [torch.tensor(embedding.encode(text)) for text in texts]
    classes, targets = fit_labels(labels, len(texts))
    order = np.random.default_rng(1)
    every = np.arange(len(texts))
    size = SequenceClassifier(wv).batch_size
    shuffled = order.permutation(every)
    batches = {
        "by length": list(data.shuffled_batches(every, size, order)),
        "at random": [shuffled[i : i + size] for i in range(0, len(every), size)],
    }
    lines = []
    for trainable in (False, True):
        times: dict[tuple[str, ...], list[float]] = defaultdict(list)
        for number in range(options.rounds + 1):
            clf = SequenceClassifier(wv, freeze=not trainable, validation_fraction=0.0, epochs=1)
            found = {("w2v", ""): clf.fit(texts, labels).history_[0].seconds}
            for (name, drawn), packed in itertools.product(batches.items(), (False, True)):
                made = [([ids[i] for i in b], torch.from_numpy(targets[b])) for b in drawn]
                how = "packed" if packed else "padded"
                found[name, how] = _plain(torch, wv, made, len(classes), trainable, packed)
            for key, seconds in found.items() if number else ():  # the first round warms up
                times[key].append(seconds)
        what = "fine-tuned" if trainable else "frozen"
        report.record(
            row=f"classify speed {what}",
            sentences=len(texts),
            seconds={" ".join(key).strip(): seconds for key, seconds in times.items()},
        )
        ours = times.pop(("w2v", ""))
        for key, seconds in times.items():
            lines.append(
                (what, *key, f"{len(texts) / min(ours):,.0f}", f"{len(texts) / min(seconds):,.0f}",
                 f"{min(seconds) / min(ours):.2f}")
            )  # fmt: skip
    report.table(
        f"Training an LSTM of 128 units: {len(wv):,} words of {options.dim} dimensions",
        ("vectors", "plain batches", "", "w2v (texts/s)", "plain (texts/s)", "ratio"),
        lines,
        f"{len(texts):,} sentences, one epoch in batches of {size}, best of {options.rounds} "
        f"rounds, {torch.get_num_threads()} threads. Both pad in the loop; w2v also draws its "
        "batches by length, clips gradients and computes the accuracy.",
    )


def _plain(
    torch: Any, wv: KeyedVectors, batches: list[Any], classes: int, trainable: bool, packed: bool
) -> float:
    """Return the seconds of one epoch of a plain PyTorch loop."""
    from torch.nn.utils.rnn import pack_padded_sequence, pad_sequence

    rows = np.concatenate([np.zeros((2, wv.vector_size), np.float32), wv.vectors])
    embedding = torch.nn.Embedding.from_pretrained(
        torch.from_numpy(rows), freeze=not trainable, padding_idx=0
    )
    lstm = torch.nn.LSTM(wv.vector_size, 128, batch_first=True)
    output = torch.nn.Sequential(torch.nn.Dropout(0.2), torch.nn.Linear(128, classes))
    layers = torch.nn.ModuleList([embedding, lstm, output])
    optimizer = torch.optim.Adam([p for p in layers.parameters() if p.requires_grad], lr=0.001)
    criterion = torch.nn.CrossEntropyLoss()
    began = time.perf_counter()
    total = 0.0
    for texts, wanted in batches:
        lengths = torch.tensor([len(text) for text in texts])
        vectors = embedding(pad_sequence(texts, batch_first=True))
        if packed:
            steps = pack_padded_sequence(vectors, lengths, batch_first=True, enforce_sorted=False)
            last = lstm(steps)[1][0][-1]
        else:
            last = lstm(vectors)[0][torch.arange(len(texts)), lengths - 1]
        loss = criterion(output(last), wanted)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        total += loss.item()
    return time.perf_counter() - began
