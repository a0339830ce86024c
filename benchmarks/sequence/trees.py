"""Tree-LSTM: many trees level by level, against the same arithmetic node by node.

Trees are random: binary trees over the words of a sentence, split at random positions
(constituency), and trees with a word at every node, each below a random earlier one (dependency).
Both ways use the same weights, forward and backward, on one thread; their results are compared
first.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from typing import Any

from benchmarks import arguments
from benchmarks.report import Report, version

_WORD = "word"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number = parser.add_argument, arguments.NUMBER
    add("--trees", **number, default=25, help="trees per batch (25)")
    add("--words", **number, default=20, help="words per tree (20)")
    add("--dim", **number, default=100, help="size of word vectors and hidden states (100)")
    add("--rounds", **number, default=5, help="timings per kind of tree (5)")


def run(options: argparse.Namespace, report: Report) -> None:
    """Time both ways on both kinds of trees and print one table."""
    if version("torch") is None:
        raise ValueError("trees needs torch: run pip install '.[bench,torch]'")
    import torch

    from w2v.sequence import ChildSumTreeLSTM, Forest

    torch.set_num_threads(1)
    torch.manual_seed(1)
    chance = random.Random(1)
    forests = {
        "constituency": Forest.from_nested(
            [_cut(options.words, chance) for _ in range(options.trees)]
        ),
        "dependency": Forest.from_parents(
            [
                [-1, *(chance.randrange(node) for node in range(1, options.words))]
                for _ in range(options.trees)
            ]
        ),
    }
    model = ChildSumTreeLSTM(options.dim, options.dim)
    rows = []
    for name, forest in forests.items():
        inputs = torch.randn(len(forest.parents), options.dim)
        ways = {"levels": lambda m, x, f: m(x, f).roots, "nodes": node_by_node}
        roots = {way: call(model, inputs, forest) for way, call in ways.items()}
        if not torch.allclose(roots["levels"], roots["nodes"], atol=1e-5):
            raise RuntimeError(f"{name}: the two ways differ, so their times mean nothing")
        times: dict[str, list[float]] = {way: [] for way in ways}
        for _ in range(
            options.rounds
        ):  # in turns, so that a disturbance of the machine affects both
            for way, call in ways.items():
                began = time.perf_counter()
                call(model, inputs, forest).square().sum().backward()
                times[way].append(time.perf_counter() - began)
        levels, nodes = (1000 * statistics.median(times[way]) for way in ways)
        report.record(kind=name, nodes=len(forest.parents), depth=forest.depth, seconds=times)
        rows.append(
            (name, f"{len(forest.parents):,}", f"{forest.depth}", f"{nodes:.1f}", f"{levels:.1f}",
             f"{nodes / levels:.1f}x")
        )  # fmt: skip
    report.table(
        "Milliseconds, forward and backward",
        ("trees", "nodes", "depth", "node by node", "level by level", "ratio"),
        rows,
        f"{options.trees} trees of {options.words} words, {options.dim} dimensions, one thread; "
        f"medians of {options.rounds} rounds; torch {torch.__version__}.",
    )


def _cut(words: int, chance: random.Random) -> Any:
    if words == 1:
        return _WORD
    left = chance.randrange(1, words)
    return (_cut(left, chance), _cut(words - left, chance))


def node_by_node(model: Any, inputs: Any, forest: Any) -> Any:
    """Compute the same as `ChildSumTreeLSTM`, node by node; return the states of the roots."""
    import torch

    size = model.hidden_size
    children: list[list[int]] = [[] for _ in forest.parents]
    for node, parent in enumerate(forest.parents):
        if parent >= 0:
            children[parent].append(node)
    own = model.from_input(inputs).unbind()
    states: dict[int, tuple[Any, Any]] = {}
    nothing = inputs.new_zeros(size)
    # Every child comes after its parent in these forests.
    for node in reversed(range(len(own))):
        gates, forget = own[node].split([3 * size, size])
        kept = nothing
        if children[node]:
            h = torch.stack([states[child][0] for child in children[node]])
            c = torch.stack([states[child][1] for child in children[node]])
            gates = gates + model.from_children(h.sum(0))
            kept = (torch.sigmoid(forget + model.from_child(h)) * c).sum(0)
        take, give, update = gates.split(size)
        cell = torch.sigmoid(take) * torch.tanh(update) + kept
        states[node] = torch.sigmoid(give) * torch.tanh(cell), cell
    return torch.stack([states[int(root)][0] for root in forest.roots])
