"""From text to ids: w2v beside gensim and Python, each in its own process.

Parts: a text `file`, by one worker and by each number of --workers; token `lists` in memory;
`phrases`; `compressed` files; `prose`, by Unicode word boundaries in lower case; an `encoded` file
of --tokens tokens, opened and trained from; and the peak `memory` of encoding --bytes of text under
a budget.
gensim counts the words and then reads the text again, as training does in each epoch.
"""

from __future__ import annotations

import argparse
import gzip
import lzma
import shutil
import statistics
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import arguments
from benchmarks.corpus import jobs as corpus_jobs
from benchmarks.jobs import launch
from benchmarks.report import Report, version

PARTS = ("file", "lists", "phrases", "compressed", "prose", "encoded", "memory")

_BUDGET = "256MB"

Values = Sequence[float]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of this benchmark."""
    add, number = parser.add_argument, arguments.NUMBER
    add("--corpus", **arguments.CORPUS, required=True)
    add("--only", **arguments.choices(PARTS, "PART", "what to measure"))
    add("--rounds", **number, default=3, help="timings per job (3)")
    add("--workers", **arguments.NUMBERS, default=[2],
        help="numbers of threads that read in parallel (2)")  # fmt: skip
    add("--tokens", **number, default=100_000_000,
        help="tokens in the encoded file (100000000)")  # fmt: skip
    add("--bytes", **number, default=1_000_000_000,
        help="size of the text that is encoded in little memory (1000000000)")  # fmt: skip
    add("--folder", **arguments.FILE,
        help="folder for large temporary files (default: the system's)")  # fmt: skip


def run(options: argparse.Namespace, report: Report) -> None:
    """Measure the chosen parts and print one table."""
    if version("gensim") is None:
        report.note("gensim is not installed and is left out; run pip install '.[bench]'")
    with open(
        options.corpus, "rb"
    ) as file:  # a missing file fails now, and later runs find it cached
        while file.read(1 << 24):
            pass
    with tempfile.TemporaryDirectory(prefix="w2v-benchmarks-", dir=options.folder) as folder:
        measuring = Corpora(options, report, Path(folder))
        for part in options.only:
            getattr(measuring, part)()
    report.table(
        f"Sources of text, {options.corpus.name}",
        ("", "w2v", "other", "w2v better by", "aim"),
        measuring.rows,
        f"Medians of {options.rounds} rounds, the least and the most in brackets; MB are of text, "
        "a million bytes each. The name of a row says what it is compared with.",
    )


class Corpora:
    """The runs of one benchmark, and the rows made from them."""

    def __init__(self, options: argparse.Namespace, report: Report, folder: Path) -> None:
        self.options, self.report, self.folder = options, report, folder
        self.corpus = options.corpus.resolve()
        self.megabytes = self.corpus.stat().st_size / 1e6
        self.rows: list[tuple[str, ...]] = []

    def measure(self, job: str, system: str = "w2v", **task: Any) -> dict[str, Any]:
        """Run one job in its own process; return its figures."""
        task = {"job": job, "module": "corpus.jobs", "system": system, "settings": {}, **task}
        task.setdefault("corpus", str(self.corpus))
        try:
            figures = launch(task, str(self.folder))
        except RuntimeError as error:
            raise RuntimeError(f"{job} with {system}: {error}") from None
        self.report.note(f"{job:14} {system:6} {figures['elapsed_seconds']:.2f} s in all")
        for name in ("corpus", "output"):
            if name in task:
                task[name] = Path(task[name]).name
        self.report.record(**task, **figures)
        return figures

    def rounds(self, *runs: dict[str, Any]) -> list[list[dict[str, Any]]]:
        """Run the jobs in turn, once per round; return the figures of each job.

        Jobs of gensim return no figures if it is not installed.
        """
        found: list[list[dict[str, Any]]] = [[] for _ in runs]
        for _ in range(self.options.rounds):
            for figures, each in zip(found, runs, strict=True):
                if each.get("system") != "gensim" or version("gensim"):
                    figures.append(self.measure(**each))
        return found

    def file(self) -> None:
        """Read a text file into ids."""
        one, gensim, *several = self.rounds(
            {"job": "encode", "settings": {"workers": 1}},
            {"job": "encode", "system": "gensim"},
            *({"job": "encode", "settings": {"workers": n}} for n in self.options.workers),
        )
        both = (_seconds(one), _seconds(gensim))
        self.row("s: text file to ids, one worker, against gensim", *both, ".2f", "10x", less=True)
        speeds = [self.megabytes / seconds for seconds in _seconds(one)]
        self.row("MB/s: the same", speeds, (), ".0f", "150")
        aims = {2: "1.8x", 16: "10x"}
        for workers, found in zip(self.options.workers, several, strict=True):
            more = [self.megabytes / seconds for seconds in _seconds(found)]
            name = f"MB/s: {workers} workers, against one"
            self.row(name, more, speeds, ".0f", aims.get(workers, ""))
            both = ([each["cpu_seconds"] for each in runs] for runs in (found, one))
            name = f"s: processor time of {workers} workers, against one"
            self.row(name, *both, ".2f", less=True)

    def lists(self) -> None:
        """Read a generator of token lists into ids."""
        w2v, gensim = self.rounds(*self._both("token_lists"))
        both = (_seconds(w2v), _seconds(gensim))
        self.row("s: token lists to ids, against gensim", *both, ".2f", "3x", less=True)

    def phrases(self) -> None:
        """Find phrases in one pass, and join them."""
        w2v, gensim = self.rounds(*self._both("phrases"))
        for name, what, aim in (
            ("seconds", "finding phrases, one pass", "20x"),
            ("joining_seconds", "joining them", ""),
        ):
            both = [[each[name] for each in found] for found in (w2v, gensim)]
            self.row(f"s: {what}, against gensim", *both, ".2f", aim, less=True)
        both = [[each["phrases"] for each in found] for found in (w2v, gensim)]
        self.row("phrases found, by gensim", *both, ",.0f")

    def compressed(self) -> None:
        """Read compressed files into ids."""
        for suffix, compress in _COMPRESSORS.items():
            path = self.folder / (self.corpus.name + suffix)
            try:
                with open(self.corpus, "rb") as text, compress(path) as file:
                    shutil.copyfileobj(text, file, 1 << 20)
            except ImportError as error:
                self.report.note(f"{suffix} files are left out: {error}")
                continue
            jobs = [*self._both("encode"), {"job": "decompress"}]
            if suffix == ".zst":
                del jobs[1]  # gensim reads no such file
            w2v, *gensim, alone = self.rounds(*({**job, "corpus": str(path)} for job in jobs))
            path.unlink()
            name = f"s: {suffix} file to ids"
            for other in gensim:
                both = (_seconds(w2v), _seconds(other))
                self.row(f"{name}, against gensim", *both, ".2f", less=True)
            both = (_seconds(w2v), _seconds(alone))
            self.row(f"{name}, against decompressing alone", *both, ".2f", less=True)

    def prose(self) -> None:
        """Read raw prose: words by Unicode boundaries, in lower case."""
        settings = {"tokenizer": "unicode", "lowercase": True, "workers": 1}
        w2v, python, gensim = self.rounds(
            {"job": "encode", "settings": settings},
            {"job": "words_of_prose", "system": "python"},
            {"job": "words_of_prose", "system": "gensim"},
        )
        name = "s: words of prose, lower case, to ids, against"
        both = (_seconds(w2v), _seconds(python))
        self.row(f"{name} Python's re", *both, ".2f", less=True)
        both = (_seconds(w2v), _seconds(gensim))
        self.row(f"{name} gensim's simple_preprocess", *both, ".2f", less=True)
        speeds = [self.megabytes / seconds for seconds in _seconds(w2v)]
        self.row("MB/s: the same", speeds, (), ".0f")

    def encoded(self) -> None:
        """Open an encoded corpus, and train from it."""
        many, once = str(self.folder / "many.w2vc"), str(self.folder / "once.w2vc")
        tokens = self.measure("repeat", least=self.options.tokens, output=many)["tokens"]
        default, unverified = self.rounds(
            {"job": "opening", "corpus": many, "verify": None},
            {"job": "opening", "corpus": many, "verify": False},
        )
        name = f"s: opening {tokens / 1e6:,.0f} M encoded tokens"
        self.row(name, _seconds(default), (), ".4f", "0.1")
        self.row(f"{name}, ids not compared", _seconds(unverified), (), ".4f")
        self.measure("repeat", least=1, output=once)
        settings = {"workers": 1, "vector_size": 100}
        ran = self.measure("training", corpus=once, settings=settings, rounds=self.options.rounds)
        for name, what in (("words_per_second", ""), ("words_per_cpu_second", ", processor time")):
            mapped, loaded = (
                [each / 1e6 for each in ran[name][place]] for place in ("mapped", "loaded")
            )
            title = f"M words/s: training from an encoded file{what}, against from memory"
            self.row(title, mapped, loaded, ".3f", "0.97x")

    def memory(self) -> None:
        """Encode more text than fits in the memory budget."""
        size = self.options.bytes
        text, output = self.folder / "large.txt", str(self.folder / "large.w2vc")
        self._write_text(text, size)
        settings = {"corpus": str(text), "output": output, "memory": _BUDGET}
        ran = self.measure("spilling", workers=max(self.options.workers), **settings)
        text.unlink()
        name = f"MB: peak of encoding {size / 1e6:,.0f} MB under memory={_BUDGET!r}"
        if ran["peak_bytes"] is not None:
            self.row(name, [ran["peak_bytes"] / 1e6], (), ",.0f", "600")
        self.row("s: the same", [ran["seconds"]], (), ".1f")

    def _both(self, job: str) -> list[dict[str, Any]]:
        return [{"job": job, "system": system} for system in ("w2v", "gensim")]

    def _write_text(self, path: Path, size: int) -> None:
        """Write the text again and again up to a size.

        From the second copy on, every twentieth line has new words, so that types keep growing.
        """
        lines = self.corpus.read_bytes().splitlines(keepends=True)
        written = copies = 0
        with open(path, "wb") as file:
            while written < size:
                mark = b"%d" % copies
                for number, line in enumerate(lines):
                    if copies and number % 20 == 0:
                        line = b" ".join(mark + word for word in line.split()) + b"\n"
                    written += file.write(line)
                    if written >= size:
                        break
                copies += 1

    def row(
        self,
        name: str,
        ours: Values,
        other: Values,
        form: str,
        aim: str = "",
        *,
        less: bool = False,
    ) -> None:
        """Add a row: median and range of each system, and their ratio."""
        better = ""
        if other:
            middles = (statistics.median(ours), statistics.median(other))
            better = f"{middles[1] / middles[0] if less else middles[0] / middles[1]:.2f}x"
        self.rows.append((name, _told(ours, form), _told(other, form), better, aim))
        values = {"w2v": list(ours), "other": list(other)}
        self.report.record(row=name, values=values, better=better, aim=aim)


def _seconds(runs: list[dict[str, Any]]) -> list[float]:
    return [each["seconds"] for each in runs]


def _told(values: Values, form: str) -> str:
    if not values:
        return ""
    middle = f"{statistics.median(values):{form}}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):{form}} - {max(values):{form}})"


def _gz(path: Path) -> Any:
    return gzip.open(path, "wb", 6)


def _xz(path: Path) -> Any:
    return lzma.open(path, "wb", preset=0)


def _zst(path: Path) -> Any:
    return corpus_jobs.zstd().open(path, "wb")


_COMPRESSORS: dict[str, Callable[[Path], Any]] = {".gz": _gz, ".xz": _xz, ".zst": _zst}
