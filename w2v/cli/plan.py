"""``w2v plan``: what `w2v train` would take."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Annotated, Any

import typer

from w2v.cli.options import (
    CheckpointOptions,
    ClusterOptions,
    ControlOptions,
    Measure,
    ReadingOptions,
    corpus_source,
    expand,
)
from w2v.cli.streams import check_streams, name_streams, readable
from w2v.cli.terminal import print_json, print_table, progress_bar
from w2v.cli.train import train
from w2v.cli.wording import translate
from w2v.config import TrainingConfig
from w2v.corpus.corpus import Corpus
from w2v.training.plan import plan as plan_training
from w2v.vocab.pruning import word_list

_NETWORK = "25Gb"

Network = Annotated[
    str | None,
    typer.Option(
        metavar="BITS",
        help="With --nodes: what each sends and receives per second (default: 25Gb).",
        show_default=False,
    ),
]


def plan(
    *,
    sources: list[str],
    output: Path | None,
    measure: bool,
    reading: ReadingOptions,
    vocab: Path | None,
    control: ControlOptions,
    checkpoints: CheckpointOptions,
    cluster: ClusterOptions,
    network: str | None,
    as_json: bool,
    quiet: bool,
    settings: TrainingConfig,
    **others: Any,
) -> None:
    """Show what `w2v train` would take with these options: memory, time, disk. Nothing is saved.

    The memory is that of Python with w2v alone; the command itself takes some MiB more.
    """
    del others  # what has no part in it, such as the names of files to be written
    held_out: Any = control.held_out()
    if vocab is not None and settings.max_final_vocab is not None:
        raise typer.BadParameter("--vocab and --max-final-vocab are mutually exclusive")
    if checkpoints.resume is not None:
        raise typer.BadParameter("--resume: a plan is that of a whole run; leave it out")
    _check_cluster(cluster, network)
    files = [*sources, vocab, held_out if isinstance(held_out, Path) else None]
    check_streams({}, files, as_json=as_json)
    options = reading.arguments()
    memory = options.pop("memory")
    source: Any = corpus_source(sources)
    with progress_bar(quiet) as bar:
        if memory is not None:
            source = Corpus(source, memory=memory, workers=settings.workers, **options)
            options = {}
        found = plan_training(
            source,
            measure=measure,
            output=output,
            vocabulary=None if vocab is None else word_list(readable(vocab)),
            validation=readable(held_out) if isinstance(held_out, Path) else held_out,
            early_stopping=control.stopping(),
            max_seconds=control.max_seconds,
            checkpoint=checkpoints.checkpoint,
            progress=bar or False,
            **options,
            **settings.to_dict(),
        )
        divided = None
        if cluster.nodes is not None:
            from w2v import distributed

            divided = distributed.plan(
                source,
                nodes=cluster.nodes,
                workers_per_node=cluster.workers_per_node or 1,
                network=network or _NETWORK,
                vocabulary=None if vocab is None else word_list(readable(vocab)),
                **options,
                **settings.to_dict(),
            )
    if as_json:
        print_json(found.to_dict() | ({} if divided is None else {"cluster": divided.to_dict()}))
    else:
        rows = [*found.rows(), *(() if divided is None else divided.rows())]
        print_table((), [(name, translate(name_streams(value))) for name, value in rows])


def _check_cluster(cluster: ClusterOptions, network: str | None) -> None:
    """Raise a usage error if no number of nodes is given, which a plan asks no cluster for."""
    given = {
        "--network": network, "--ray": cluster.ray, "--workers-per-node": cluster.workers_per_node
    }  # fmt: skip
    if cluster.nodes is None:
        for option, value in given.items():
            if value is not None:
                raise typer.BadParameter(f"{option} requires --nodes, the number of machines")
    elif network is not None:
        from w2v.distributed.planning import parse_network

        parse_network(network)  # before anything is measured


def _options_of_train() -> inspect.Signature:
    """Return the options of `train`, so that its command line can be tried, and one more."""
    of_train = inspect.signature(inspect.unwrap(train), eval_str=True)
    options = dict(of_train.parameters)
    optional = Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Where the model would be saved: is there space?"
        ),
    ]
    options["output"] = options["output"].replace(default=None, annotation=optional)
    options["measure"] = inspect.Parameter(
        "measure", inspect.Parameter.KEYWORD_ONLY, default=True, annotation=Measure
    )
    options["network"] = inspect.Parameter(
        "network", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Network
    )
    return of_train.replace(parameters=list(options.values()), return_annotation=None)


plan.__signature__ = _options_of_train()  # type: ignore[attr-defined]
plan = expand(plan)
