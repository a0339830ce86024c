"""Models that a cluster trains: from the beginning, or from a checkpoint."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from w2v._types import PathLike
from w2v._validation import at_least
from w2v.corpus.corpus import Corpus
from w2v.distributed.cluster import Actors, Cluster, Machines
from w2v.distributed.training import ClusterTrainer, Division
from w2v.io import corpus_file, corpus_parts
from w2v.io.corpus_parts import Manifest
from w2v.io.sniff import is_safetensors
from w2v.progress import Reporter, as_reporter
from w2v.training import model_runs
from w2v.training.checkpoint import describe_run
from w2v.training.plan import split_settings
from w2v.training.texts import read_text
from w2v.training.validation import share_of
from w2v.training.watching import CONTROLS
from w2v.training.word2vec import Word2Vec

_BUILDING = ("trim_rule", "vocabulary", "init")


def train(
    source: Any,
    *,
    nodes: int | None = None,
    workers_per_node: int | None = None,
    address: str | None = None,
    **settings: Any,
) -> Word2Vec:
    """Train a model on a Ray cluster: the same `Word2Vec`, to the bit, as one machine would.

    The text is divided into shards, by default one for each worker of each node. The result
    depends on their number, the seed and the SIMD variant, not on the nodes: it is that of
    ``Word2Vec(source, shards=...)`` on one machine. A node that is lost costs the part of a round
    that it has trained; the result stays the same.

    Parameters
    ----------
    source : Manifest, path, Corpus, or text
        What `encode` returned or its folder, or another encoded corpus, on a disk that all machines
        reach: nodes open it by themselves. Or a `Corpus` in memory or any other text, as for
        `Word2Vec`, which is read here and sent to the nodes.
    nodes : int, optional
        Default: the machines of the cluster.
    workers_per_node : int, optional
        Processors that each node trains with, one replica each. Default: those of a machine,
        divided among its nodes.
    address : str, optional
        Of the cluster; see `encode`.
    **settings
        Those of `Word2Vec`, with the same defaults, except for `shards`, whose default is ``nodes *
        workers_per_node``: `vector_size`, `epochs`, `validation`, `checkpoint`, `progress` and so
        on.

    Returns
    -------
    Word2Vec

    Raises
    ------
    ValueError
        The cluster has too few processors, or as `Word2Vec` does for such settings.
    RuntimeError
        A node has another version of w2v, or all nodes are lost for long.
    MemoryError
        The base and the replicas do not fit on a node.
    OSError
        A node does not find the text, or a part of it.
    TrainingInterrupt, FloatingPointError
        As `Word2Vec.train`.

    Warns
    -----
    RuntimeWarning
        Nodes have different SIMD variants.

    Examples
    --------
    >>> manifest = w2v.distributed.encode("texts/*.txt", "/shared/corpus")      # doctest: +SKIP
    >>> model = w2v.distributed.train(manifest, nodes=4, vector_size=300)       # doctest: +SKIP
    """
    return train_with(*cluster(address, nodes, workers_per_node), source, **settings)


def resume(
    path: PathLike,
    source: Any,
    *,
    nodes: int | None = None,
    workers_per_node: int | None = None,
    address: str | None = None,
    **options: Any,
) -> Word2Vec:
    """Go on with a run on a cluster, from its checkpoint; see `Word2Vec.resume`.

    The run may have begun on one machine, or with other nodes: the result is the same.

    Parameters
    ----------
    path : str or path-like
        The checkpoint, which ``train(..., checkpoint=path)`` wrote.
    source, nodes, workers_per_node, address
        See `train`.
    **options
        `progress`, `on_epoch_end`, `callbacks`, `validation`, `checkpoint`, `checkpoint_every` of
        `Word2Vec.resume`.

    Returns
    -------
    Word2Vec
    """
    return resume_with(*cluster(address, nodes, workers_per_node), path, source, **options)


def train_with(
    machines: Machines, nodes: int, workers: int, source: Any, /, **settings: Any
) -> Word2Vec:
    """Train on any kind of machines; see `train`."""
    model, rest = split_settings(settings)
    with as_reporter(rest.pop("progress", False)) as report:
        corpus, place = _text(source, model, rest.pop("column", None), report)
        building = {name: rest.pop(name) for name in _BUILDING if name in rest}
        with divided(model, corpus, machines, nodes, workers, place, rest.get("validation")):
            model.build_vocab(corpus, **building)
            controls = {name: rest[name] for name in CONTROLS if name in rest}
            model.train(corpus, progress=report or False, **controls)
    return model


def resume_with(
    machines: Machines, nodes: int, workers: int, path: PathLike, source: Any, /, **options: Any
) -> Word2Vec:
    """Go on on any kind of machines; see `resume`."""
    validation = options.get("validation")
    with contextlib.ExitStack() as stack:

        def read(model: Word2Vec, report: Reporter | None) -> Corpus:
            corpus, place = _text(source, model, None, report)
            run = describe_run(path) or {}
            share = run.get("settings", {}).get("share") if validation is None else validation
            stack.enter_context(divided(model, corpus, machines, nodes, workers, place, share))
            return corpus

        model, _ = model_runs.resume(Word2Vec, path, read, **options)
    found: Word2Vec = model
    return found


def cluster(address: str | None, nodes: int | None, workers: int | None) -> tuple[Actors, int, int]:
    """Return the machines of a Ray cluster, the number of nodes, and that of their workers.

    Raises
    ------
    ValueError
        If the cluster has too few processors.
    """
    machines = Actors(Cluster(address))
    nodes = at_least(1, "nodes", nodes or machines.capacity(1)[1] or 1)
    if workers is None:
        workers = 1
        while machines.capacity(workers + 1)[0] >= nodes:
            workers += 1
    room, _ = machines.capacity(at_least(1, "workers_per_node", workers))
    if room < nodes:
        raise ValueError(
            f"nodes={nodes}, workers_per_node={workers}: the cluster has processors for {room} "
            "such nodes: lower one of them, or add machines"
        )
    return machines, nodes, workers


def _text(
    source: Any, model: Word2Vec, column: str | None, report: Reporter | None
) -> tuple[Corpus, str | None]:
    """Return the corpus, and where nodes find it by themselves."""
    if isinstance(source, Manifest):
        source = source.folder
    options = model._reading.options(None, model.config.workers)
    return read_text(source, None, options, column, report), place_of(source)


def place_of(source: Any) -> str | None:
    """Return where nodes find a text by themselves: the path of an encoded corpus, else None."""
    if not isinstance(source, (str, os.PathLike)):
        return None
    path = os.path.abspath(source)
    if corpus_parts.is_manifest(path):
        return path
    if not os.path.isfile(path):
        return None
    with open(path, "rb") as file:
        head = file.read(4096)
    return path if is_safetensors(head) and corpus_file.KIND.encode() in head else None


@contextlib.contextmanager
def divided(
    model: Word2Vec,
    corpus: Corpus,
    machines: Machines,
    nodes: int,
    workers: int,
    place: str | None,
    validation: Any,
) -> Iterator[None]:
    """Divide what the model trains in this context among nodes.

    Unless its number of shards is set, there is one for each worker. `place` is where nodes find
    the corpus by themselves, `validation` what `train` gets.
    """
    if model.config.fixed_shards is None:
        model.config = model.config.replace(shards=nodes * workers)
    share = share_of(validation)
    sizes = corpus.n_tokens, corpus.n_types, corpus.n_sentences
    division = Division(machines, nodes, workers, place, share, sizes)
    model._trained_by = ClusterTrainer(division)
    try:
        yield
    finally:
        del model._trained_by
