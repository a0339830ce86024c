"""``w2v predict``, ``score``, ``grow`` and ``demo``: what needs a whole model."""

from __future__ import annotations

import math
import time
from pathlib import Path
from typing import Annotated

import typer

from w2v._format import format_fixed
from w2v.cli import demo as demo_corpus
from w2v.cli.options import (
    Errors,
    Json,
    ModelOutput,
    ModelPath,
    Quiet,
    Sources,
    TopN,
    corpus_source,
)
from w2v.cli.signals import INTERRUPTED
from w2v.cli.streams import check_streams, is_standard, readable
from w2v.cli.terminal import note, print_json, print_table, progress_bar
from w2v.cli.train import (
    check_model_name,
    frequent_word,
    report,
    save_model,
    train_until_interrupted,
)
from w2v.corpus.corpus import Corpus
from w2v.training.word2vec import Word2Vec


def predict(
    model: ModelPath,
    words: Annotated[
        list[str], typer.Argument(metavar="WORD", help="The words around the missing one.")
    ],
    topn: TopN = 10,
    as_json: Json = False,
) -> None:
    """Predict the word that is missing among others."""
    loaded = Word2Vec.load(readable(model))
    found = loaded.predict_output_word(words, topn=topn)
    known = loaded.read_corpus([words])
    unknown = [word for word in known.words() if word not in loaded.wv]
    if unknown:
        note(f"Not in the vocabulary and left out: {', '.join(unknown)}")
    if as_json:
        print_json([{"word": word, "probability": float(p)} for word, p in found])
        return
    rows = [(word, f"{probability:.6f}") for word, probability in found]
    print_table(("missing word", "probability"), rows, right=("probability",))


def score(
    model: ModelPath,
    text: Annotated[
        Path,
        typer.Argument(
            metavar="TEXT", help="UTF-8 text, one sentence per line; - for standard input."
        ),
    ],
    errors: Annotated[
        Errors | None,
        typer.Option(
            help="What to do with bytes that are not UTF-8.",
            show_default="as when the model was trained",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Score how well a model predicts each sentence of a text.

    Scores are in nats: closer to 0 is better. A score is the log-likelihood if the model uses the
    hierarchical or full softmax, and the value of its objective if it uses negative sampling. The
    text is split into words, and lower-cased, as that of the model was. Unknown words are left out
    and counted; a sentence with fewer than two known words has no score. With --json, each line is
    a document.
    """
    check_streams({}, [model, text])
    loaded = Word2Vec.load(readable(model))
    corpus = loaded.read_corpus(
        str(text) if is_standard(text) else text, errors=None if errors is None else errors.value
    )
    scores = loaded.score(corpus).tolist()
    found = [
        (nats, [word for word in words if word not in loaded.wv], words)
        for nats, words in zip(scores, corpus, strict=True)
    ]
    if as_json:
        for nats, unknown, words in found:
            print_json({"nats": nats, "sentence": words, "unknown": unknown})
        return
    columns: tuple[str, ...] = ("nats", "unknown", "sentence")
    rows: list[tuple[str, ...]] = [
        ("-" if math.isnan(nats) else format_fixed(nats, 4), str(len(unknown)), " ".join(words))
        for nats, unknown, words in found
    ]
    if not any(unknown for _, unknown, _ in found):
        columns, rows = columns[::2], [row[::2] for row in rows]
    print_table(columns, rows, right=("nats", "unknown"))


def grow(
    model: ModelPath,
    sources: Sources,
    *,
    output: ModelOutput,
    anchor: Annotated[
        float,
        typer.Option(
            metavar="STRENGTH",
            min=0.0,
            help="Hold what the model knows near its place, with this strength: 0 not at all, 1 "
            "much, inf entirely. New words are free.",
        ),
    ] = 0.0,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=1, help="Number of passes.", show_default="as the model was trained"
        ),
    ] = None,
    alpha: Annotated[
        float | None,
        typer.Option(
            metavar="RATE", help="Initial learning rate.", show_default="that of the model"
        ),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Number of training threads.",
            show_default="as the model was trained",
        ),
    ] = None,
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column of a table that has the text.")
    ] = None,
    errors: Annotated[
        Errors | None,
        typer.Option(
            help="What to do with bytes that are not UTF-8.",
            show_default="as when the model was trained",
        ),
    ] = None,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Add the words of more text to a model, train it on that text and save it.

    The text is split into words, and lower-cased, as that of the model was. Words that occur often
    enough in the new text are added; known words keep their vectors until they are trained again.
    Ctrl-C ends training early and saves the model as it is.
    """
    check_streams({"--output": output}, [model, *sources], as_json=as_json)
    check_model_name(output)
    loaded = Word2Vec.load(readable(model))
    if workers is not None:
        loaded.workers = workers
    known = len(loaded.wv)
    with progress_bar(quiet) as bar:
        corpus = loaded.read_corpus(
            corpus_source(sources), column=column, errors=None if errors is None else errors.value
        )
        loaded.build_vocab(corpus, update=True)
        added = len(loaded.wv) - known
        if not quiet:
            note(f"New words: {added:,}; known words: {known:,}")
        more = {"anchor": anchor, "epochs": epochs, "start_alpha": alpha}
        result = train_until_interrupted(loaded, corpus, bar, **more)
    save_model(loaded, output)
    example = loaded.wv.index_to_key[known] if added else frequent_word(loaded.wv)
    report(loaded, result, output, as_json, quiet, [example], words_added=added)
    return INTERRUPTED if result.interrupted else 0


def demo(
    output: ModelOutput = Path("w2v-demo.safetensors"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train on the documentation installed with every Python.

    The demo needs no data and downloads nothing: the docstrings of the standard library, NumPy and
    SciPy and the help topics of pydoc contain about a million words.
    """
    check_streams({"--output": output}, as_json=as_json)
    check_model_name(output)
    if not quiet:
        note("Collecting the documentation of Python, NumPy and SciPy ...")
    start = time.perf_counter()
    corpus = Corpus(demo_corpus.load_docstrings())
    if not quiet:
        seconds = time.perf_counter() - start
        note(f"{corpus.n_tokens:,} words in {corpus.n_sentences:,} sentences ({seconds:.1f} s)")
    model = Word2Vec(**demo_corpus.SETTINGS)
    model.build_vocab(corpus)
    with progress_bar(quiet) as bar:
        result = train_until_interrupted(model, corpus, bar)
    save_model(model, output)
    words = demo_corpus.example_words(model.wv)
    neighbors = {
        word: [neighbor for neighbor, _ in model.wv.most_similar(word, topn=6)] for word in words
    }
    if not (quiet or as_json or is_standard(output)):
        rows = [(word, ", ".join(nearest)) for word, nearest in neighbors.items()]
        print_table(("word", "nearest words"), rows)
    report(model, result, output, as_json, quiet, words[:2], neighbors=neighbors)
    if not quiet:
        note("       w2v train your-text.txt -o your-model.safetensors")
    return INTERRUPTED if result.interrupted else 0
