"""Recall of one symbol after a lag: a plain RNN, a GRU and an LSTM of equal size.

A sequence starts with one of 8 symbols and a flag that marks it. As many random symbols without the
flag follow as the lag has steps, and the network has to predict the first symbol; a random guess is
correct once in 8 times. For each cell and lag, a network is trained on new sequences and tested on
1000 others.

Each cell is initialized in two ways: by the default of PyTorch, and for long memories. For the LSTM
and the GRU that is the bias of the forget gate (w2v.sequence.chrono_init, with the longest lag
there is, for all lags the same); for the RNN, which has no gates, an orthogonal recurrent matrix.
"""

from __future__ import annotations

import argparse
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import arguments, picture
from benchmarks.report import Report, version

LAGS = (5, 10, 20, 50, 100, 200)
CELLS = {"rnn": "RNN", "gru": "GRU", "lstm": "LSTM"}
STARTS = ("long", "torch")

_SYMBOLS = 8
_BATCH, _RATE, _CLIP = 32, 0.01, 1.0
_ASKED = 1000
_ENOUGH = 0.995  # recall on 256 further sequences at which training ends
_PAUSE = 25  # updates between two such tests
_MAKING = threading.Lock()  # weights are initialized from a generator that all threads share

_STARTS = {"long": ", initialized for long memories", "torch": ", PyTorch default"}
_READY = {"rnn": ", orthogonal", "gru": ", gates open", "lstm": ", gates open"}
_COLORS = {"rnn": "#5C5C5C", "gru": "#009E73", "lstm": "#D55E00"}


class Task(NamedTuple):
    """One network to train."""

    cell: str
    start: str
    lag: int
    seed: int
    hidden: int
    updates: int
    longest: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number, numbers = parser.add_argument, arguments.NUMBER, arguments.NUMBERS
    add("--lags", **numbers, default=LAGS, help="steps to remember (5 10 20 50 100 200)")
    add("--starts", **arguments.choices(
        STARTS, "START",
        "initialization: for long memories (long), or PyTorch's default (torch)",
    ))  # fmt: skip
    add("--hidden", **number, default=32, help="hidden units (32)")
    add("--updates", **number, default=500, help="maximum number of updates (500)")
    add("--seeds", **numbers, default=[1], help="one network per seed (1)")
    add("--workers", **number, default=2, help="threads, one network each (2)")
    add("--picture", **arguments.PICTURE)


def run(options: argparse.Namespace, report: Report) -> None:
    """Train every cell at every lag, print one table and draw it."""
    if version("torch") is None:
        raise ValueError("memory needs torch: run pip install '.[bench,torch]'")
    picture.check(options.picture)
    lags = sorted(set(options.lags))
    tasks = [
        Task(cell, start, lag, seed, options.hidden, options.updates, max(3, *lags))
        for lag in reversed(lags)  # longest first, so that the workers end at nearly the same time
        for cell in CELLS
        for start in options.starts
        for seed in options.seeds
    ]
    began, busy = time.perf_counter(), time.process_time()
    recalls: dict[tuple[str, str, int], list[float]] = defaultdict(list)
    sizes: dict[str, int] = {}
    for task, result in zip(tasks, _all(tasks, options.workers), strict=True):
        recalls[task.cell, task.start, task.lag].append(result["recall"])
        sizes[task.cell] = result["parameters"]
        report.record(**task._asdict(), **result)
        report.note(
            f"{CELLS[task.cell]:4} {task.start:5} lag {task.lag:3}: recall {result['recall']:.3f} "
            f"after {result['updates_made']} updates, {result['seconds']:.1f} s"
        )
    rows = [
        (
            CELLS[cell] + (_READY[cell] if start == "long" else ""),
            f"{sizes[cell]:,}",
            *(_summary(recalls[cell, start, lag]) for lag in lags),
        )
        for start in options.starts
        for cell in CELLS
    ]
    remark = (
        f"{options.hidden} hidden units, up to {options.updates} updates of {_BATCH} sequences, "
        f"{_ASKED} test sequences, chance {1 / _SYMBOLS:.3f}; "
        f"seeds {' '.join(map(str, options.seeds))}"
    )
    took = f"{time.perf_counter() - began:.0f} s with {options.workers} threads, "
    took += f"{time.process_time() - busy:.0f} s of processor time."
    report.table(
        "Recall of a symbol by steps since it was read",
        ("cell", "parameters", *map(str, lags)),
        rows,
        f"{remark}. {took}",
    )
    if options.picture is not None:
        draw(options.picture, recalls, remark, report.origin)


def _summary(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{statistics.fmean(values):.3f} ({min(values):.2f}-{max(values):.2f})"


def _all(tasks: list[Task], workers: int) -> Iterator[dict[str, Any]]:
    """Train all networks, each on one thread; they are too small to benefit from more."""
    with ThreadPoolExecutor(workers) as pool:
        yield from pool.map(train, tasks)


def train(task: Task) -> dict[str, Any]:
    """Train one network and test it.

    Returns
    -------
    dict
        "recall" (fraction of correct answers), "updates_made", "parameters" (of the recurrent
        layer), "seconds".
    """
    import torch
    from torch import nn

    from w2v.sequence import chrono_init

    torch.set_num_threads(1)
    # Vanishing gradients become denormal numbers, with which CPUs are many times slower.
    torch.set_flush_denormal(True)
    began = time.perf_counter()
    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[task.cell]
    with _MAKING:
        torch.manual_seed(task.seed)
        layer = kind(_SYMBOLS + 1, task.hidden, batch_first=True)
        answer = nn.Linear(task.hidden, _SYMBOLS)
        if task.start == "long" and task.cell == "rnn":
            nn.init.orthogonal_(layer.weight_hh_l0)
        elif task.start == "long":
            chrono_init(layer, task.longest, seed=task.seed)
    parameters = [*layer.parameters(), *answer.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=_RATE)
    drawn = torch.Generator().manual_seed(task.seed)

    def sequences(count: int) -> tuple[Any, Any]:
        symbols = torch.randint(_SYMBOLS, (count, task.lag + 1), generator=drawn)
        steps = torch.zeros(count, task.lag + 1, _SYMBOLS + 1)
        steps.scatter_(2, symbols[..., None], 1)
        steps[:, 0, -1] = 1  # the flag
        return steps, symbols[:, 0]

    def scores(steps: Any) -> Any:
        outputs, _ = layer(steps)
        return answer(outputs[:, -1])

    def recall(count: int) -> float:
        with torch.no_grad():
            steps, first = sequences(count)
            return float((scores(steps).argmax(1) == first).float().mean())

    made = 0
    while made < task.updates:
        steps, first = sequences(_BATCH)
        loss = nn.functional.cross_entropy(scores(steps), first)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, _CLIP)
        optimizer.step()
        made += 1
        if made % _PAUSE == 0 and recall(256) >= _ENOUGH:
            break
    return {
        "recall": recall(_ASKED),
        "updates_made": made,
        "parameters": sum(p.numel() for p in layer.parameters()),
        "seconds": time.perf_counter() - began,
    }


def draw(
    path: Path,
    recalls: dict[tuple[str, str, int], list[float]],
    remark: str,
    origin: dict[str, Any],
) -> None:
    """Plot recall against the lag, one line per cell and initialization."""
    from matplotlib.ticker import FuncFormatter, NullLocator

    title = "Recall of a symbol by recurrent networks, by steps since it was read"
    with picture.saved(path, (7.2, 4.6), (title, remark, ""), origin) as figure:
        axes = figure.add_axes((0.10, 0.16, 0.86, 0.56))
        lags = sorted({lag for _, _, lag in recalls})
        for start, cell in sorted({(start, cell) for cell, start, _ in recalls}):
            values = [recalls[cell, start, lag] for lag in lags]
            style = "-" if start == "long" else ":"
            color = _COLORS[cell]
            means = list(map(statistics.fmean, values))
            label = f"{CELLS[cell]}{_STARTS[start]}"
            axes.plot(lags, means, style, color=color, lw=1.8, marker="o", ms=4, label=label)
            low, high = list(map(min, values)), list(map(max, values))
            axes.fill_between(lags, low, high, color=color, alpha=0.12, lw=0)
        axes.axhline(1 / _SYMBOLS, color="#888888", lw=0.8, ls="--")
        axes.text(lags[0], 1 / _SYMBOLS - 0.045, "chance", fontsize=7.5, color="#555555")
        axes.set(xscale="log", ylim=(0, 1.03))
        axes.set_xlabel("lag (steps)")
        axes.set_ylabel("recall (fraction of correct answers)")
        axes.set_xticks(lags)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.grid(color="#dddddd", lw=0.5)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(
            ncols=max(1, len({start for _, start, _ in recalls})),
            fontsize=7.5,
            frameon=False,
            loc="lower left",
            bbox_to_anchor=(-0.02, 1.0),
        )
