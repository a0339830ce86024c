"""What training on a cluster will take: a model of its rounds.

A replica of a round trains alone; then its rows go to their owners, and merged rows to all nodes.
The model adds up, for each round, the time of the replicas that one worker trains, the bytes that a
node sends or receives divided by the bandwidth of its network, the rows that it merges and writes
divided by the speed of doing so, and a fixed time for each message. Nothing overlaps in it, nor in
the program. docs/distributed.md has the measurements, and what the model leaves out.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from w2v._format import format_bytes, format_duration
from w2v._validation import at_least
from w2v.distributed.nodes import NodeSettings
from w2v.training.plan import plan as plan_training
from w2v.training.plan import split_settings
from w2v.training.resources import schedule
from w2v.training.shards import ShardPlan, count_shards, row_uses
from w2v.training.texts import read_text
from w2v.vocab.sampling import SamplingTables, chosen_sample, subsampling_thresholds
from w2v.vocab.vocabulary import Vocabulary

if TYPE_CHECKING:
    import numpy.typing as npt

    from w2v.config import TrainingConfig
    from w2v.training.plan import TrainingPlan
    from w2v.training.shards import Round

# Measured on one core of an AMD Zen 4; see docs/distributed.md.
MERGED_BYTES = 0.5e9  # of replicas' rows, per second and thread
# Assumed.
WRITTEN_BYTES = 3e9  # of merged rows, per second
MESSAGE_SECONDS = 0.7e-3  # of the leading process, for each call
_NETWORK = re.compile(r"(\d+(?:\.\d+)?)\s*([GgMm])b(?:it/s|ps|/s)?")  # GB are bytes


@dataclass(frozen=True)
class ClusterPlan:
    """What training on a cluster will take; ``print(plan)`` shows it as a table.

    Attributes
    ----------
    nodes, workers_per_node, shards : int
    network : float
        Bytes per second that a node sends, and receives at the same time.
    memory : int
        Bytes of a node, without text and tables.
    rounds : int
        Of all epochs.
    replicas : float
        Of a round, on average: workers that have something to do.
    round_bytes : float
        That a node sends in a round, on average.
    seconds : float
        Of training.
    shares : dict of str to float
        Of these: "training", "network", "merging" and "messages".
    efficiency : float
        The speed, relative to that of as many workers that never merge.
    """

    nodes: int
    workers_per_node: int
    shards: int
    network: float
    memory: int
    rounds: int
    replicas: float
    round_bytes: float
    seconds: float
    shares: Mapping[str, float]
    efficiency: float

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as plain Python values."""
        return dataclasses.asdict(self)

    def rows(self) -> Iterator[tuple[str, str]]:
        """Yield the rows of the table: name and figures."""
        workers = self.nodes * self.workers_per_node
        yield (
            "cluster",
            f"{_count(self.nodes, 'node')} of {_count(self.workers_per_node, 'worker')}, "
            f"{_count(self.shards, 'shard')}, "
            f"{8 * self.network / 1e9:g} Gb/s",
        )
        yield "  memory", f"{format_bytes(self.memory)} of each node, and tables and text"
        yield (
            "  rounds",
            f"{self.rounds:,}, {self.replicas:.1f} replicas in each; "
            f"a node sends {format_bytes(int(self.round_bytes))} in a round",
        )
        parts = ", ".join(f"{name} {share:.0%}" for name, share in self.shares.items())
        yield "  time", f"about {format_duration(self.seconds)}: {parts}"
        yield "  efficiency", f"{self.efficiency:.0%} of {_count(workers, 'worker')}"

    def __str__(self) -> str:
        rows = list(self.rows())
        width = max(len(name) for name, _ in rows)
        return "\n".join(f"{name:{width}}  {text}" for name, text in rows)


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def parse_network(text: str) -> float:
    """Return the bytes per second of a network such as "25Gb".

    Raises
    ------
    ValueError
        If it is not a number of gigabits or megabits.
    """
    found = _NETWORK.fullmatch(text.strip())
    if found is None or not float(found[1]):
        raise ValueError(
            f"network={text!r}: expected gigabits per second, such as 25Gb (25 GB/s are 200Gb)"
        )
    return float(found[1]) * (1e9 if found[2].upper() == "G" else 1e6) / 8


def plan_cluster(
    plan: TrainingPlan,
    uses: Mapping[str, npt.NDArray[np.float64]],
    nodes: int,
    workers_per_node: int,
    network: float,
) -> ClusterPlan:
    """Return what a run that `plan` describes would take on a cluster.

    Parameters
    ----------
    plan : TrainingPlan
        With a measured speed; its config has one worker.
    uses : mapping of str to float64 arrays
        See `w2v.training.shards.row_uses`.
    nodes, workers_per_node : int
    network : float
        See `ClusterPlan`.

    Raises
    ------
    ValueError
        If the speed was not measured.
    """
    if plan.throughput is None:
        raise ValueError("the speed of a worker was not measured: plan with measure=True")
    config = plan.config
    if config.fixed_shards is None:
        config = config.replace(shards=nodes * workers_per_node)
    tokens = plan.trained_tokens
    shards = count_shards(config, tokens, plan.words)
    of = ShardPlan.whole(shards, config, plan.words)
    model = RoundModel(
        config, tokens, uses, nodes, workers_per_node, network, plan.throughput.words_per_second
    )
    sums = np.zeros(4)
    rounds, sent, replicas = 0, 0.0, 0.0
    final = config.min_alpha / plan.alpha if plan.alpha else 0.0
    rates = final, plan.decay_start
    for one, times in schedule(tokens, shards, plan.words, config.epochs, *rates):
        seconds, n_bytes = model.of(one)
        sums += times * np.array(seconds)
        rounds += times
        sent += times * n_bytes
        replicas += times * one.replicas
    total = float(sums.sum())
    alone = tokens * config.epochs / model.speed / (nodes * workers_per_node)
    names = ("training", "network", "merging", "messages")
    settings = NodeSettings("", config, of, 0.0, 0, 0, workers_per_node, nodes)
    return ClusterPlan(
        nodes,
        workers_per_node,
        shards,
        network,
        settings.n_bytes,
        rounds,
        replicas / rounds,
        sent / rounds,
        total,
        {name: float(part) / total for name, part in zip(names, sums, strict=True)},
        alone / total,
    )


class RoundModel:
    """How long a round takes.

    Parameters
    ----------
    config : TrainingConfig
    tokens : int
        Of an epoch.
    uses : mapping of str to float64 arrays
        How often an epoch uses each row.
    nodes, workers : int
        `workers` of each node.
    network, speed : float
        Bytes and tokens per second, of a node and of a worker.
    """

    def __init__(
        self,
        config: TrainingConfig,
        tokens: int,
        uses: Mapping[str, npt.NDArray[np.float64]],
        nodes: int,
        workers: int,
        network: float,
        speed: float,
    ) -> None:
        self.row_bytes = 4 * config.vector_size + 8
        self.uses = np.concatenate(list(uses.values())) / tokens  # of one token
        self.nodes, self.workers = nodes, workers
        self.network, self.speed = network, speed

    def touched(self, tokens: float) -> float:
        """Return how many rows `tokens` tokens use at least once."""
        return float(-np.expm1(-self.uses * tokens).sum())

    def of(self, one: Round) -> tuple[tuple[float, float, float, float], float]:
        """Return the seconds of training, network, merging and messages; and a node's bytes."""
        size, replicas = one.end - one.begin, one.replicas
        each = size / replicas
        turns = -(-replicas // (self.nodes * self.workers))
        trained = self.touched(each) * self.row_bytes
        merged = self.touched(size) * self.row_bytes
        busiest = -(-replicas // self.nodes)  # replicas of a node
        elsewhere = 1 - 1 / self.nodes
        sent = busiest * trained * elsewhere + merged * elsewhere
        received = replicas * trained / self.nodes * elsewhere + merged * elsewhere
        merging = replicas * trained / self.nodes / self.workers / MERGED_BYTES
        writing = merged / WRITTEN_BYTES
        messages = (replicas + 2 * self.nodes) * MESSAGE_SECONDS
        seconds = (
            turns * each / self.speed,
            max(sent, received) / self.network if self.nodes > 1 else 0.0,
            merging + writing,
            messages,
        )
        return seconds, sent


def plan(
    source: Any,
    *,
    nodes: int,
    workers_per_node: int = 1,
    network: str = "25Gb",
    **settings: Any,
) -> ClusterPlan:
    """Plan training on a cluster: memory of a node, bytes of a round, time, efficiency.

    The speed of one worker is measured on this machine for a second or two; the rest is a model,
    which docs/distributed.md describes.

    Parameters
    ----------
    source : Corpus, path, iterable, mapping of str to int, or Vocabulary
        As for `w2v.plan`: a text, or words with their counts in a text that is elsewhere.
    nodes : int
    workers_per_node : int, default 1
    network : str, default "25Gb"
        What each node sends, and receives at the same time: gigabits per second.
    **settings
        Those of `Word2Vec`.

    Returns
    -------
    ClusterPlan

    Raises
    ------
    ValueError
        If the speed cannot be measured in the memory that is free; or as `Word2Vec` does.
    """
    bandwidth = parse_network(network)
    at_least(1, "nodes", nodes)
    at_least(1, "workers_per_node", workers_per_node)
    model, rest = split_settings(settings)
    column, building = rest.pop("column", None), {"trim_rule": None, "vocabulary": None}
    building = {name: rest.get(name) for name in building}
    if isinstance(source, Mapping | Vocabulary):
        config = model.config
        vocabulary = Vocabulary.from_counts(
            source,
            min_count=config.min_count,
            max_final_vocab=config.max_final_vocab,
            trim_rule=building["trim_rule"],
        )
    else:
        options = model._reading.options(None, model.config.workers)
        source = read_text(source, None, options, column, None)
        vocabulary = model._vocabulary_builder(**building)(source)
    keep = subsampling_thresholds(vocabulary.counts, chosen_sample(vocabulary.counts, model.config))
    tree = vocabulary.huffman_tree() if model.config.hs else None
    uses = row_uses(
        vocabulary, model.config, SamplingTables(np.empty(0, np.int32), keep, tree=tree)
    )
    alone = {name: x for name, x in settings.items() if name not in ("shards", "column")}
    one = plan_training(source, **{**alone, "workers": 1, "deterministic": False})
    shards = model.config.fixed_shards
    config = one.config if shards is None else one.config.replace(shards=shards)
    return plan_cluster(
        dataclasses.replace(one, config=config), uses, nodes, workers_per_node, bandwidth
    )
