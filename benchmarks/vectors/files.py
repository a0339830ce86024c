"""Files of vectors: w2v beside gensim, load and save, and the own format opened memory-mapped.

The vectors are random, so that their decimals have full length. w2v flushes saved files to disk,
gensim does not. A mapped file is opened in separate processes, with everything imported before.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from subprocess import PIPE

import numpy as np

from benchmarks.report import Report
from benchmarks.vectors.timing import best
from w2v import KeyedVectors

_OPEN = """
import json, re, sys, time
from w2v import KeyedVectors

def private():
    try:
        lines = open("/proc/self/smaps_rollup").read()
    except OSError:
        return None
    return sum(map(int, re.findall(r"^Private_(?:Clean|Dirty): +(\\d+)", lines, re.M))) / 1024

before = private()
start = time.perf_counter()
wv = KeyedVectors.load(sys.argv[1], mmap=True)
opened = time.perf_counter()
after = private()
asked = time.perf_counter()
wv.most_similar(sys.argv[2])
seconds = time.perf_counter() - asked + opened - start
print(json.dumps([seconds, after, after and after - before]))
"""  # fmt: skip


def files(options: argparse.Namespace, report: Report) -> None:
    """Time each job.

    Parameters
    ----------
    options : Namespace
        ``words``, ``dim`` and ``rounds``.
    report : Report
    """
    from gensim.models import KeyedVectors as Gensim

    matrix = np.random.default_rng(1).standard_normal((options.words, options.dim), np.float32)
    names = [f"word{row}" for row in range(options.words)]
    ours, theirs = KeyedVectors(names, matrix), Gensim(options.dim)
    theirs.add_vectors(names, matrix)
    table = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("binary", "text"):
            path, binary = str(Path(folder) / f"{kind}.vectors"), kind == "binary"
            form = "word2vec" if binary else "word2vec-text"
            jobs = {
                f"save {kind}": (
                    partial(ours.export, path, format=form),
                    partial(theirs.save_word2vec_format, path, binary=binary),
                ),
                f"load {kind}": (
                    partial(KeyedVectors.read, path),
                    partial(Gensim.load_word2vec_format, path, binary=binary),
                ),
            }
            for job, (mine, other) in jobs.items():
                report.note(job)
                # gensim takes minutes for text: measure once.
                peer = best(other, options.rounds if binary else 1)
                seconds = best(mine, options.rounds)
                report.record(
                    row=job, w2v=seconds, gensim=peer, words=options.words, dim=options.dim
                )
                table.append((job, f"{seconds:.3f}", f"{peer:.2f}", f"{peer / seconds:.1f}x"))
            Path(path).unlink()
        path = str(Path(folder) / "own.safetensors")
        ours.save(path)
        seconds = best(lambda: KeyedVectors.load(path), options.rounds)
        report.record(row="load own", w2v=seconds, words=options.words, dim=options.dim)
        table.append(("load own format", f"{seconds:.3f}", "", ""))
        command = (sys.executable, "-c", _OPEN, path, names[len(names) // 2])
        # Not in the checkout, whose source folder would be imported instead of the installed w2v.
        ran = [
            json.loads(subprocess.run(command, cwd=folder, check=True, stdout=PIPE).stdout)
            for _ in range(options.rounds)
        ]
    seconds, private, growth = min(ran)
    report.record(
        row="open mapped", w2v=seconds, private_mib=private, growth_mib=growth,
        words=options.words, dim=options.dim,
    )  # fmt: skip
    table.append(("open own format mapped, with the first query", f"{seconds:.3f}", "", ""))
    memory = "" if private is None else (
        f" Before the query, a process with the file mapped has {private:.0f} MiB of private "
        f"memory, {growth:.1f} MiB more than before opening it."
    )  # fmt: skip
    report.table(
        f"Seconds, {options.words:,} words x {options.dim} dimensions",
        ("", "w2v", "gensim", "ratio"),
        table,
        f"Minimum of {options.rounds} rounds; text in gensim once.{memory}",
    )
