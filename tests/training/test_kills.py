"""Real runs of ``w2v train`` that are killed again and again, and resumed: the same bytes.

Not part of the quick suite: ``pytest -m kills`` takes about a minute.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from w2v import Word2Vec
from w2v.training.checkpoint import Checkpoint

pytestmark = pytest.mark.kills

KILLS = 12  # of each kind of run
PATIENCE = 60  # seconds without progress
RUNS = {
    "one worker": ["--workers", "1", "--validation", "0.01"],
    "shards": ["--workers", "2", "--deterministic", "--shards", "3"],
}


@pytest.fixture(scope="module")
def text(tmp_path_factory):
    path = tmp_path_factory.mktemp("text") / "text.txt"
    share = 1 / np.arange(10, 8010)
    ids = np.random.default_rng(3).choice(8000, (20_000, 10), p=share / share.sum())
    path.write_text("".join(" ".join(f"w{i}" for i in line) + "\n" for line in ids.tolist()))
    return path


class Run:
    """A run in a folder of its own, whose checkpoint is `file`."""

    def __init__(self, text, folder, settings):
        self.text, self.folder, self.settings = text, folder, settings
        self.file, self.output = folder / "run", folder / "model"

    def start(self, *more):
        """Start a process that begins the run, or goes on with it."""
        command = [sys.executable, "-m", "w2v", "train", self.text, "-q", "-o", self.output]
        if self.file.exists():
            more = ["--resume", self.file, *more]
        else:
            more = ["--epochs", "25", "--vector-size", "50", *self.settings, *more]
        return subprocess.Popen([*command, *more], stderr=subprocess.PIPE)

    def killed(self, what, times):
        """Start, and kill when it has written, or writes, a checkpoint the n-th time.

        Return whether the process was killed before its end.
        """
        every = ["--checkpoint-every", "0.05s"]
        if not self.file.exists():
            every += ["--checkpoint", self.file]
        process = self.start(*every)
        seen, counted, began = self.look(what), 0, time.monotonic()
        while counted < times and process.poll() is None:
            assert time.monotonic() - began < PATIENCE
            now = self.look(what)
            counted += now is not None and now != seen
            seen = now
        process.kill()
        _, errors = process.communicate()
        assert process.returncode in (0, -9), errors
        return process.returncode != 0

    def look(self, what):
        """Return what identifies the last checkpoint, or the one that is being written."""
        try:
            if what == "written":
                return self.file.stat().st_ino, self.file.stat().st_mtime_ns
            return next((n for n in os.listdir(self.folder) if n.endswith(".tmp")), None)
        except FileNotFoundError:
            return None


@pytest.mark.parametrize("kind", RUNS)
def test_killed_runs_end_with_the_same_bytes(kind, text, tmp_path):
    folders = [tmp_path / "whole", tmp_path / "killed"]
    for folder in folders:
        folder.mkdir()
    whole, run = (Run(text, folder, RUNS[kind]) for folder in folders)
    _, errors = whole.start().communicate()
    assert whole.output.exists(), errors

    places = np.random.default_rng(19)
    kills, half_written, tokens, ends = 0, 0, [], 0
    while kills < KILLS or not ends:
        what, times = places.choice(["written", "writing"]), int(places.integers(1, 4))
        if kills >= KILLS:
            what, times = "written", sys.maxsize  # let it end
        left = {path.name for path in run.folder.glob(".w2v-*.tmp")}
        if run.killed(what, times):
            kills += 1
            half_written += bool({path.name for path in run.folder.glob(".w2v-*.tmp")} - left)
            if run.file.exists():
                tokens.append(state_of(run.file)["tokens"])
                assert len(Word2Vec.load(run.file).wv) == len(Word2Vec.load(whole.output).wv)
        else:
            assert run.output.read_bytes() == whole.output.read_bytes()
            ends += 1
            run.file.unlink()  # the next one begins again
    assert half_written  # or else, no kill came while a checkpoint was written
    assert len(set(tokens)) > KILLS / 2
    assert not list(run.folder.glob(".w2v-*.tmp"))


def state_of(path: Path):
    values = Checkpoint.load(path, run=True).run.values
    return values["result"] if values["ended"] else values["state"]
