"""Arguments and options that several commands share, each declared once.

A group of options is a dataclass; `expand` gives a command one option per field of each group in
its signature.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

import typer

from w2v._validation import parse_size
from w2v.callbacks import Callback, EvaluateAnalogies, EvaluatePairs, HistoryWriter
from w2v.cli.streams import is_standard, readable, refuse_standard
from w2v.config import TrainingConfig, parameters
from w2v.training.early_stopping import EarlyStopping
from w2v.training.intervals import Interval
from w2v.training.pacing import checked_seconds
from w2v.training.validation import share_of
from w2v.vectors.keyed_vectors import KeyedVectors

if TYPE_CHECKING:
    from w2v.corpus.corpus import Corpus
    from w2v.training.word2vec import Word2Vec


class Errors(str, Enum):
    """What to do with bytes that are not UTF-8."""

    STRICT = "strict"
    REPLACE = "replace"
    IGNORE = "ignore"


class Tokenizer(str, Enum):
    """Where text is split into words."""

    SPACE = "space"
    UNICODE = "unicode"


class VectorKind(str, Enum):
    """Which vectors of a model."""

    INPUT = "input"
    OUTPUT = "output"
    COMBINED = "combined"


# ---- Arguments and options -----------------------------------------------------------------------

VectorsPath = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL",
        help="A model or vectors saved by w2v, or vectors in any format that `w2v convert` reads; "
        "- for standard input.",
    ),
]
Kind = Annotated[
    VectorKind,
    typer.Option(
        "--vectors", help="Of a whole model: its input vectors, its output vectors, or their sum."
    ),
]
ModelPath = Annotated[
    Path,
    typer.Argument(metavar="MODEL", help="A model saved by `w2v train`; - for standard input."),
]
Sources = Annotated[
    list[str],
    typer.Argument(
        metavar="SOURCE",
        help="UTF-8 text, one sentence per line: files (plain, .gz, .bz2, .xz, .zst), directories "
        "or patterns; - for standard input. Or Parquet, Arrow and Feather files, or a corpus "
        "written by `w2v encode`.",
    ),
]
ModelOutput = Annotated[
    Path,
    typer.Option(
        "--output", "-o", metavar="FILE", help="Where to save the model; - for standard output."
    ),
]
CorpusOutput = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="FILE", help="Where to save the corpus (.w2vc)."),
]
Tokens = Annotated[
    Tokenizer,
    typer.Option("--tokenizer", help="Split text at white space or at Unicode word boundaries."),
]
Lowercase = Annotated[bool, typer.Option("--lowercase", help="Convert words to lower case.")]
BadBytes = Annotated[Errors, typer.Option(help="What to do with bytes that are not UTF-8.")]
TopN = Annotated[
    int, typer.Option("--topn", "-n", metavar="N", min=1, help="Number of words to show.")
]
Measure = Annotated[
    bool,
    typer.Option(help="Train on the corpus for two seconds to estimate the time of full runs."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print no progress, notes or tables, only warnings.")
]


# ---- Groups of options ---------------------------------------------------------------------------


@dataclass(frozen=True)
class ReadingOptions:
    """How a corpus is read."""

    tokenizer: Tokens = Tokenizer.SPACE
    lowercase: Lowercase = False
    column: Annotated[
        str | None, typer.Option(metavar="NAME", help="The column of a table that has the text.")
    ] = None
    memory: Annotated[
        str | None,
        typer.Option(
            metavar="SIZE",
            help="Memory for reading, such as 4GB; the rest goes to temporary files.",
        ),
    ] = None
    errors: BadBytes = Errors.STRICT

    def __post_init__(self) -> None:
        """Check the size."""
        if self.memory is not None:
            parse_size(self.memory)

    def arguments(self) -> dict[str, Any]:
        """Return the arguments of `Corpus`."""
        return {
            "tokenizer": "unicode" if self.tokenizer is Tokenizer.UNICODE else None,
            "lowercase": self.lowercase,
            "column": self.column,
            "memory": self.memory,
            "errors": self.errors.value,
        }


@dataclass(frozen=True)
class ControlOptions:
    """What a training is watched and ended by."""

    validation: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE|FILE",
            help="Measure the loss of text that is not trained on, after each epoch: of a share of "
            "the sentences, such as 0.001, or of a file (./0.1 if its name is a number).",
            show_default=False,
        ),
    ] = None
    validation_every: Annotated[
        str | None,
        typer.Option(
            metavar="INTERVAL",
            help="When to measure it instead: 1min, '5000000 tokens', '0.25 epochs'.",
            show_default=False,
        ),
    ] = None
    early_stopping: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="End training when N measurements in a row have shown no gain, with the best "
            "weights.",
            show_default=False,
        ),
    ] = None
    min_gain: Annotated[
        float | None,
        typer.Option(
            metavar="NATS",
            help="With --early-stopping: a gain is a held-out loss that is lower by this. [0]",
            show_default=False,
        ),
    ] = None
    cool_down: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="With --early-stopping: train on from the best weights for this share of the "
            "words that had led to them, while the learning rate falls; 0: end at once. [0.5]",
            show_default=False,
        ),
    ] = None
    max_seconds: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="End training in this time, with a learning rate that has fallen by then.",
            show_default=False,
        ),
    ] = None
    evaluate_analogies: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Answer these analogy questions after each epoch; may be repeated.",
            show_default=False,
        ),
    ] = None
    evaluate_pairs: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Compare these rated pairs of words after each epoch; may be repeated.",
            show_default=False,
        ),
    ] = None
    history: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write losses and scores to this file while training: .csv, .tsv or .jsonl.",
            show_default=False,
        ),
    ] = None

    def __post_init__(self) -> None:
        """Check what needs no file."""
        for name in ("validation_every", "early_stopping"):
            if getattr(self, name) is not None and self.validation is None:
                flag = name.replace("_", "-")
                raise ValueError(f"--{flag} requires --validation SHARE or --validation FILE")
        if self.validation_every is not None:
            Interval.parse(self.validation_every, "validation_every")
        self.stopping()
        checked_seconds(self.max_seconds, TrainingConfig())
        if self.history is not None:
            HistoryWriter(self.history)
        self.held_out()

    def held_out(self) -> float | Path | None:
        """Return what to hold out: a share of the sentences, or a file."""
        if self.validation is None:
            return None
        try:
            share = float(self.validation)
        except ValueError:
            return Path(self.validation)
        share_of(share)
        return share

    def stopping(self) -> EarlyStopping | None:
        """Return when a run ends because its held-out loss falls no longer; None for never."""
        given = {"min_gain": self.min_gain, "cool_down": self.cool_down}
        given_values = {name: value for name, value in given.items() if value is not None}
        if self.early_stopping is not None:
            return EarlyStopping(self.early_stopping, **given_values)
        for name in given_values:
            raise ValueError(f"--{name.replace('_', '-')} requires --early-stopping N")
        return None

    def callbacks(self) -> list[Callback]:
        """Return the callbacks that are asked for."""
        chosen: list[Callback] = []
        chosen += [EvaluateAnalogies(readable(path)) for path in self.evaluate_analogies or ()]
        chosen += [EvaluatePairs(readable(path)) for path in self.evaluate_pairs or ()]
        return chosen + ([] if self.history is None else [HistoryWriter(self.history)])

    def arguments(self) -> dict[str, Any]:
        """Return arguments of `Word2Vec.train`: all but `validation`; raise for a wrong file."""
        return {
            "validation_every": self.validation_every,
            "early_stopping": self.stopping(),
            "max_seconds": self.max_seconds,
            "callbacks": self.callbacks(),
        }


@dataclass(frozen=True)
class ClusterOptions:
    """Which machines train."""

    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Train on the nodes of a Ray cluster: auto for the cluster that runs here, "
            "HOST:PORT, or local to start one. The result is that of as many --shards here.",
            show_default=False,
        ),
    ] = None
    nodes: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="With --ray: how many (default: its machines).",
            show_default=False,
        ),
    ] = None
    workers_per_node: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="With --ray: processors of each node (default: those of a machine).",
            show_default=False,
        ),
    ] = None

    def check(self) -> None:
        """Raise a usage error if there is no cluster for what is given."""
        for option, value in (
            ("--nodes", self.nodes), ("--workers-per-node", self.workers_per_node),
        ):  # fmt: skip
            if self.ray is None and value is not None:
                raise typer.BadParameter(f"{option} requires --ray, the address of a cluster")

    def dividing(
        self, model: Word2Vec, corpus: Corpus, sources: list[str], held_out: Any
    ) -> contextlib.AbstractContextManager[None]:
        """Return a context in which the model is trained by the nodes, if there are any."""
        if self.ray is None:
            return contextlib.nullcontext()
        from w2v.distributed import models

        choice = models.cluster(self.ray, self.nodes, self.workers_per_node)
        place = models.place_of(sources[0]) if len(sources) == 1 else None
        return models.divided(model, corpus, *choice, place, held_out)


@dataclass(frozen=True)
class CheckpointOptions:
    """Where the state of training is written to, and read from."""

    checkpoint: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write the state of training to this file again and again, for --resume.",
            show_default=False,
        ),
    ] = None
    checkpoint_every: Annotated[
        str | None,
        typer.Option(
            metavar="INTERVAL",
            help="How often: 30s, 2h, '5000000 tokens', '1 epoch'.",
            show_default="10min",
        ),
    ] = None
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Go on with a run that was interrupted, from its checkpoint, on the same text. "
            "Settings are those of the run; checkpoints are written to this file again unless "
            "--checkpoint names another one.",
            show_default=False,
        ),
    ] = None

    def __post_init__(self) -> None:
        """Check what needs no file."""
        for option, path in (("--checkpoint", self.checkpoint), ("--resume", self.resume)):
            if path is not None:
                refuse_standard(option, path, "a checkpoint is replaced again and again")
        if self.checkpoint_every is not None:
            Interval.parse(self.checkpoint_every, "checkpoint_every")
            if self.file is None:
                raise ValueError("--checkpoint-every requires --checkpoint, the file to write to")

    @property
    def file(self) -> Path | None:
        """The file that is written."""
        return self.checkpoint or self.resume

    def outputs(self) -> dict[str, Path | None]:
        """Return the file that is written by its option, for `check_streams`."""
        return {"--resume" if self.checkpoint is None else "--checkpoint": self.file}

    def arguments(self) -> dict[str, Any]:
        """Return arguments of `Word2Vec.train`."""
        return {"checkpoint": self.checkpoint, "checkpoint_every": self.checkpoint_every}


_CONTEXT = "context"  # the name of a parameter that no command has


def expand(command: Callable[..., Any]) -> Callable[..., Any]:
    """Replace each parameter that is a group of options by one option per field of the group.

    A parameter of type `typer.Context` gets that of the command, for `is_given`.

    A group is a dataclass, or `TrainingConfig`; ``Annotated[TrainingConfig, names]`` has options
    for these hyper-parameters only. What a group rejects is a usage error.
    """
    signature = inspect.signature(command, eval_str=True)
    groups: dict[str, tuple[type[Any], list[str]]] = {}
    flat: list[inspect.Parameter] = []
    contexts: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.annotation is typer.Context:
            contexts.append(parameter.name)
            continue
        group, only = _group(parameter.annotation)
        if group is None:
            flat.append(parameter)
            continue
        own = _options(group, only)
        groups[parameter.name] = group, [option.name for option in own]
        flat += own
    flat.append(
        inspect.Parameter(_CONTEXT, inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)
    )

    @functools.wraps(command)
    def run(**values: Any) -> Any:
        context = values.pop(_CONTEXT)
        values |= dict.fromkeys(contexts, context)
        for name, (group, names) in groups.items():
            given = {option: values.pop(option) for option in names}
            if given.get("quality") is not None:  # which yields to what is on the command line
                given = {option: x for option, x in given.items() if is_given(context, option)}
            try:
                values[name] = group(**given)
            except (TypeError, ValueError) as error:
                raise typer.BadParameter(str(error)) from None
        return command(**values)

    run.__signature__ = signature.replace(parameters=flat)  # type: ignore[attr-defined]
    run.__annotations__ = {parameter.name: parameter.annotation for parameter in flat}
    return run


def is_given(context: typer.Context, option: str) -> bool:
    """Return whether an option is on the command line, with whatever value."""
    source = context.get_parameter_source(option)
    return source is not None and source.name != "DEFAULT"


def _group(annotation: Any) -> tuple[type[Any] | None, Sequence[str] | None]:
    """Return the dataclass that an annotation names, and the fields that it is limited to."""
    only = None
    if get_origin(annotation) is Annotated:
        annotation, only, *_ = get_args(annotation)
    if isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        return annotation, only
    return None, None


def _options(group: type[Any], only: Sequence[str] | None) -> list[inspect.Parameter]:
    fields = [field for field in dataclasses.fields(group) if only is None or field.name in only]
    if group is TrainingConfig:
        return [_hyper_parameter(field) for field in fields]
    hints = get_type_hints(group, include_extras=True)
    required = inspect.Parameter.empty
    return [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=required if field.default is dataclasses.MISSING else field.default,
            annotation=hints[field.name],
        )
        for field in fields
    ]


def _hyper_parameter(field: dataclasses.Field[Any]) -> inspect.Parameter:
    """Return the option of a field of `TrainingConfig`, with its help and its range."""
    bounds = parameters()[field.name]
    kind: Any = {"int": int, "float": float, "bool": bool, "str": str}[bounds.kind]

    def parse(value: Any) -> Any:
        # One message for what is not a number and for what is out of range: the configuration's.
        with contextlib.suppress(ValueError):
            value = kind(value)
        try:
            return bounds.check(field.name, value)
        except (TypeError, ValueError) as error:
            raise typer.BadParameter(str(error)) from None

    text = bounds.help[0].upper() + bounds.help[1:].replace("None:", "default:")
    more: dict[str, Any] = {}
    if kind is str:
        more = {"parser": parse, "metavar": "|".join(bounds.choices)}
    elif kind is not bool:
        # The type is shown before the text already.
        text += f" ({bounds.describe().partition(', ')[2].removesuffix(', or None')})"
        more = {"parser": parse, "metavar": bounds.kind.upper()}
    option = typer.Option(help=f"{text}.", show_default=field.default is not None, **more)
    return inspect.Parameter(
        field.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=field.default,
        annotation=Annotated[kind | None if bounds.optional else kind, option],
    )


# ---- Files ---------------------------------------------------------------------------------------


def corpus_source(sources: list[str]) -> str | Path | list[Path]:
    """Return the sources of a command as `Corpus` takes them."""
    if len(sources) == 1:
        # A Path, so that the error for a missing file has no advice for Python.
        return sources[0] if sources[0] in ("", "-") else Path(sources[0])
    if any(map(is_standard, sources)):
        raise typer.BadParameter("- (standard input) must be the only source")
    return [Path(source) for source in sources]


def load_vectors(path: Path, kind: VectorKind = VectorKind.INPUT) -> KeyedVectors:
    """Open a model or vectors of any format, memory-mapped if the format allows it."""
    # The copy of standard input is removed at the end, and cannot be while it is mapped (Windows).
    return KeyedVectors.read(readable(path), mmap=not is_standard(path), vectors=kind.value)


# ---- Help ----------------------------------------------------------------------------------------


def example(*commands: str) -> str:
    """Return the end of a help page: one to three commands that work.

    A backspace (click's mark) at the start of a paragraph keeps its lines as they are.
    """
    heading = "Example:" if len(commands) == 1 else "Examples:"
    return "\n".join(["\b", heading, *(f"  {command}" for command in commands)])
