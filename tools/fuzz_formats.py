"""Damaged files of every format: each is read, or refused with an error of the promised kind.

    python tools/fuzz_formats.py --seconds 120

A file is damaged by flipped bits, cuts, repeats and pieces of other files. Reading it must end in
success, or in a ValueError or OSError that names the file, within seconds, and without memory that
its size does not justify. A checkpoint that is read must go on to the model of its run. Our own
files are also edited: numbers, names and tensors are replaced, and the checksum fits (a run may
then diverge). Readers run
in processes of their own: one that is ended by a signal is a failure too. A failing file is kept,
with the seed that makes it again (``--seed N --seconds 0``).
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from w2v import Corpus, KeyedVectors, TrainingInterrupt, Word2Vec
from w2v.corpus.phrases import Phrases
from w2v.io import evaluation_sets, safetensors_file, vocab_file
from w2v.training import rounds, shards
from w2v.vectors.ann import VectorIndex

CPU_SECONDS = 5.0  # at most, for one file
MEMORY = 100 << 20  # bytes more than before, at most, for one file
PLANTED = os.environ.get("PLANTED") == "kind"  # a fault that has to be found
FILES_AT_ONCE = 400  # in a process

Reader = Callable[[Path], object]
TEXT = [["a", "b", "c", "d"], ["b", "c", "a"]] * 30
CHECKPOINTS: dict[str, dict[str, Any]] = {
    "blocks.run": {"validation": 0.1, "early_stopping": 3},
    "shards.run": {"deterministic": True, "hs": 1, "validation": 0.1},
    "anchors.run": {"workers": 2, "anchor": 1.0, "trainable": np.array([True, False, True, True])},
}
EDITED = ("model", "vectors.safetensors", *CHECKPOINTS)
# What a text of this size is too short for otherwise.
SHORT: dict[tuple[Any, str], int] = {
    (shards, "_MIN_TOKENS"): 20,
    (shards, "_MIN_WORDS"): 1,
    (shards, "_BALANCE_TOKENS"): 5,
    (rounds, "_FIRST_TOKENS"): 10,
    (rounds, "_REPLICA_TOKENS"): 10,
}
SMALL = (
    ".safetensors",
    ".bin",
    ".txt",
    ".glove",
    ".npz",
    ".tsv",
    ".txt.gz",
    ".bin.bz2",
    ".glove.xz",
)
TABLES = (".parquet", ".arrow")


class Stops:
    """A callback that interrupts training in its third epoch."""

    epochs = 0

    def on_epoch_end(self, model: Word2Vec) -> None:
        """Interrupt it."""
        self.epochs += 1
        if self.epochs == 3:
            raise KeyboardInterrupt


def make_files(folder: Path) -> None:
    """Write a small file of each format."""
    rows = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    wv = KeyedVectors([f"w{i}é" for i in range(40)], rows, counts=np.arange(40)[::-1] + 1)
    for extension in SMALL:
        wv.export(folder / f"vectors{extension}")
    wv.export(folder / "int8.safetensors", dtype="int8")
    with contextlib.suppress(ImportError):
        for extension in TABLES:
            wv.export(folder / f"vectors{extension}")
        import pyarrow.feather
        import pyarrow.ipc

        table = pyarrow.feather.read_table(folder / "vectors.arrow")
        pyarrow.feather.write_feather(table, folder / "packed.feather", compression="zstd")
        with pyarrow.ipc.new_stream(folder / "stream.arrow", table.schema) as out:
            out.write_table(table)
    with contextlib.suppress(ImportError):
        wv.index(workers=1).save(folder / "vectors.index")
        wv.to_gensim().save(str(folder / "vectors.kv"))
    text = TEXT
    settings = {"vector_size": 4, "min_count": 1, "sample": 0, "workers": 1}
    Word2Vec(text, **settings).save(folder / "model")
    for name, more in CHECKPOINTS.items():
        given = {key: more[key] for key in ("anchor", "trainable") if key in more}
        own = settings | {key: more[key] for key in more.keys() - given}
        if not given:
            Word2Vec(text, **own).wv.save(folder / f"{name}.end")
            with contextlib.suppress(TrainingInterrupt):
                Word2Vec(text, **own, checkpoint=folder / name, callbacks=[Stops()])
            continue
        model = Word2Vec(text, **own)
        model.save(folder / "work.first")
        model.train(text, **given)
        model.wv.save(folder / f"{name}.end")
        with contextlib.suppress(TrainingInterrupt):
            Word2Vec.load(folder / "work.first").train(
                text, **given, checkpoint=folder / name, callbacks=[Stops()]
            )
        (folder / "work.first").unlink()
    Corpus.encode(text, folder / "corpus.w2vc")
    Phrases(text, min_count=1, threshold=0.1).save(folder / "phrases.json")
    vocab_file.write(folder / "words.vocab", ["a", "b", "c"], np.array([3, 2, 1]))
    (folder / "questions.questions").write_text(": s\na b c d\nd c b a\n")


def reader_of(name: str, folder: Path, edited: bool) -> Reader:
    """Return what reads a file."""
    wv = folder / "vectors.safetensors"
    return {
        "model": Word2Vec.load,
        "corpus.w2vc": Corpus.open,
        "phrases.json": Phrases.load,
        "words.vocab": vocab_file.read,
        "questions.questions": evaluation_sets.read_questions,
        "vectors.index": lambda path: _search(path, KeyedVectors.load(wv)),
        **{name: lambda path: _resume(path, folder, edited) for name in CHECKPOINTS},
    }.get(name, _read)


def _read(path: Path) -> object:
    seed = path.stat().st_size
    errors = ("strict", "replace", "skip", "ignore")[seed % 4]
    return KeyedVectors.read(path, errors=errors, limit=(None, 3)[seed % 2], mmap=seed % 3 == 0)


def _resume(path: Path, folder: Path, edited: bool = False) -> None:
    found = Word2Vec.resume(path, TEXT).wv.vectors
    if not edited and not np.array_equal(
        found, KeyedVectors.load(folder / f"{path.name}.end").vectors
    ):
        raise AssertionError("the run went on to another model")


def _search(path: Path, wv: KeyedVectors) -> object:
    return VectorIndex.load(path, wv).search(wv.vectors[0], 5)


def damage(data: bytes, seed: int, others: list[bytes]) -> bytes:
    """Return the content of a file, damaged."""
    chance = random.Random(seed)
    content = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        at = chance.randrange(len(content) + 1)
        kind = chance.randrange(8)
        if kind < 3 and at < len(content):
            content[at] = chance.choice((0, 1, 127, 128, 255, chance.randrange(256)))
        elif kind == 3:
            del content[at:]
        elif kind == 4:
            content[at : at + chance.randrange(40)] = content[: chance.randrange(40)]
        elif kind == 5:
            other = chance.choice(others)
            begin = chance.randrange(len(other))
            content[at : at + 20] = other[begin : begin + chance.randrange(60)]
        elif kind == 6:  # a length or an offset
            size = chance.choice((2, 4, 8))
            number = chance.choice((-1, 1 << 14, 1 << 31, 1 << 40, 1 << 62, 10**12))
            content[at : at + size] = (number % (1 << 8 * size)).to_bytes(size, "little")
        else:
            digits = chance.choice((b"-1", b"99999999999", b"9" * 5000, b"[" * 3000, b"1e999"))
            content[at:at] = digits
    return bytes(content)


def edit(source: Path, path: Path, seed: int) -> str:
    """Write one of our own files with something else in one or two places; return what it is.

    The checksum of a checkpoint fits.
    """
    chance = random.Random(seed)
    tensors, metadata = safetensors_file.read(source, kind=("w2v.model", "w2v.vectors"), mmap=False)
    done = []
    for _ in range(chance.choice((1, 1, 1, 2))):
        if chance.random() < 0.3:
            done.append(_edit_tensor(tensors, chance))
        else:
            done.append(_edit_text(metadata, chance))
    if "run_checksum" in metadata:
        metadata["run_checksum"] = safetensors_file.checksum(
            tensors, metadata, without="run_checksum"
        )
    with contextlib.suppress(ValueError):  # what no file can have
        safetensors_file.write(path, tensors, metadata)
    return "; ".join(done)


def _edit_text(metadata: dict[str, str], chance: random.Random) -> str:
    """Replace, remove or add a value somewhere in the metadata."""
    key = chance.choice([name for name in metadata if name not in ("run_checksum", "format")])
    try:
        root = {"": json.loads(metadata[key])}
    except ValueError:
        metadata[key] = chance.choice(("", "1", "x", "null"))
        return f"{key}={metadata[key]!r}"
    places: list[tuple[Any, Any, str]] = []

    def visit(holder: Any, at: Any, name: str) -> None:
        places.append((holder, at, name))
        inner = holder[at]
        if isinstance(inner, (dict, list)):
            for each in inner if isinstance(inner, dict) else range(len(inner)):
                visit(inner, each, f"{name}.{each}")

    visit(root, "", key)
    holder, at, name = chance.choice(places)
    kind = chance.randrange(8)
    if kind == 0 and at != "":
        del holder[at]
        what = "removed"
    elif kind == 1 and isinstance(holder[at], dict):
        holder[at]["other"] = what = 1  # type: ignore[assignment]
    elif kind == 1 and isinstance(holder[at], list):
        holder[at] = holder[at] * 2 or [None]
        what = "longer"
    else:
        old = holder[at]
        near = [old + 1, old - 1, -old, old * 10**6] if isinstance(old, (int, float)) else []
        odd = [None, True, False, 0, -1, 0.5, 1e300, 2**40, 2**70, float("nan"), "", "x"]
        odd += ["1", [], {}, [1], {"x": 1}, [[]], "\ud800", *near]
        holder[at] = what = chance.choice(odd)
    metadata[key] = json.dumps(root[""])
    return f"{name}: {what!r}"


def _edit_tensor(tensors: dict[str, Any], chance: random.Random) -> str:
    """Replace a tensor by one of another shape, type or content."""
    name = chance.choice(sorted(tensors))
    array = tensors[name]
    kind = chance.randrange(8)
    if kind == 0:
        del tensors[name]
    elif kind == 1:
        tensors[name] = array[:-1]
    elif kind == 2:
        tensors[name] = np.concatenate([array, array])
    elif kind == 3:
        tensors[name] = array.astype(chance.choice((np.float32, np.int32, np.float64, np.int64)))
    elif kind == 4:
        tensors[name] = array.reshape(-1, 1)
    elif kind == 5:
        tensors["run." + name.removeprefix("run.") + "x"] = array
    else:
        number = chance.choice((0, -1, 1, 2**40, 1e30, float("nan"), float("inf")))
        with np.errstate(all="ignore"), contextlib.suppress(OverflowError, ValueError):
            array.flat[chance.randrange(max(1, array.size)) if kind == 6 else slice(None)] = number
    return f"{name}: change {kind}"


def peak_memory() -> int:
    """Return the largest memory of this process in bytes, since it was reset."""
    with contextlib.suppress(OSError), open("/proc/self/status") as status:
        return 1024 * int(next(line for line in status if line.startswith("VmHWM")).split()[1])
    return 0


def run(folder: Path, seeds: range) -> None:
    """Read damaged files; print each failure, and the seed that is about to be used."""
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    for (module, name), number in SHORT.items():
        setattr(module, name, number)
    names = sorted(path.name for path in folder.iterdir() if path.is_file())
    names = [name for name in names if "metadata" not in name and not name.endswith(".end")]
    content = {name: (folder / name).read_bytes() for name in names}
    work = folder / "work"
    for seed in seeds:
        name, edited, what = names[seed % len(names)], seed % 3 == 0, ""
        if edited:
            name = EDITED[seed // 3 % len(EDITED)]
        path = work / name
        path.unlink(missing_ok=True)
        if edited:
            path.write_bytes(content[name])
            what = edit(folder / name, path, seed)
        else:
            path.write_bytes(damage(content[name], seed, list(content.values())))
        print(json.dumps({"seed": seed}), flush=True)
        with contextlib.suppress(OSError), open("/proc/self/clear_refs", "w") as reset:
            reset.write("5")
        before, start, failure = peak_memory(), time.process_time(), ""
        try:
            if PLANTED:
                raise StopIteration
            reader_of(name, folder, edited)(path)
        except (ValueError, OSError, FloatingPointError) as error:
            if name not in str(error) or (isinstance(error, FloatingPointError) and not edited):
                failure = f"the error does not name the file: {error!r}"
        except BaseException as error:
            failure = f"{error!r:.300}"
        used, more = time.process_time() - start, peak_memory() - before
        if used > CPU_SECONDS:
            failure = f"{used:.1f} s"
        if more > MEMORY:
            failure = f"{more:,} bytes of memory"
        if failure:
            failure += f" ({what})" if what else ""
            print(json.dumps({"seed": seed, "name": name, "failure": failure}), flush=True)


def main() -> int:
    """Run for some seconds; return 1 if a file failed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--seed", type=int, default=0, help="the first seed")
    parser.add_argument("--run", nargs=3, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run(Path(given.run[0]), range(int(given.run[1]), int(given.run[2])))
        return 0
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for (module, name), number in SHORT.items():
        setattr(module, name, number)
    make_files(folder)
    (folder / "work").mkdir()
    for beside in folder.glob("*metadata.tsv"):
        shutil.copy(beside, folder / "work")
    end, seed, failures, done = time.monotonic() + given.seconds, given.seed, 0, 0
    while not done or time.monotonic() < end:
        last = seed + (FILES_AT_ONCE if given.seconds else 1)
        failed, seed = _in_process(folder, seed, last)
        failures += len(failed)
        done = seed - given.seed
        for one in failed:
            print(f"seed {one['seed']}: {one['name']}: {one['failure']}", flush=True)
    print(f"{done:,} damaged files, {failures:,} failures")
    if not failures:
        shutil.rmtree(folder)
    return int(failures > 0)


def _in_process(folder: Path, first: int, last: int) -> tuple[list[dict[str, Any]], int]:
    """Run seeds in a process; return the failures and the next seed."""
    command = [sys.executable, __file__, "--run", str(folder), str(first), str(last)]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        output, status, errors = ended.stdout, ended.returncode, ended.stderr[-300:]
    except subprocess.TimeoutExpired as expired:
        output, status, errors = (expired.stdout or b"").decode(), -1, "it did not end in 300 s"
    lines: list[dict[str, Any]] = [json.loads(line) for line in output.splitlines() if line]
    failed = [line for line in lines if "failure" in line]
    if status == 0:
        return failed, last
    seed = lines[-1]["seed"] if lines else first
    kept = folder / f"failed-{seed}"
    with contextlib.suppress(OSError):
        shutil.copytree(folder / "work", kept)
    what = f"the process ended with status {status}; the file is in {kept}; {errors}"
    failed.append({"seed": seed, "name": "?", "failure": what})
    return failed, seed + 1


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    sys.exit(main())
