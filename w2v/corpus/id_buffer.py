"""Where ids go while a corpus is encoded: memory, or a file once they exceed a budget."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from w2v.corpus import _text_encoder

_BATCH = 1 << 23  # bytes of ids that are written at a time


class Ids:
    """Takes ids from an encoder when they fill the budget, and gives them all in the end.

    Parameters
    ----------
    budget : int, optional
        Bytes that ids and types may take together; default no limit. Types that alone take more
        are an error, ids beyond it go to a file.
    file : BinaryIO, optional
        Where ids go from the first on, without regard to the budget; they are appended.
    directory : str, optional
        Where to make a temporary file if one is needed; default where Python makes them.
    """

    def __init__(
        self,
        budget: int | None = None,
        file: BinaryIO | None = None,
        directory: str | None = None,
    ) -> None:
        self.budget = budget
        self.file = file
        self.directory = directory or tempfile.gettempdir()
        self._temporary: BinaryIO | None = None

    def relieve(self, encoder: _text_encoder.Encoder, done: float = 0.0) -> None:
        """Write ids to the file if that is needed.

        Parameters
        ----------
        done : float, default 0
            The share of the source that is read, if it is known.

        Raises
        ------
        MemoryError
            If the types take more than the budget.
        OSError
            If the file cannot be written.
        """
        types, ids = encoder.memory()
        if self.budget is not None and types > self.budget:
            n_types = encoder.tally()[2]
            raise MemoryError(
                f"{n_types:,} different words take {types:,} bytes, more than "
                f"memory={self.budget:,} allows for them; raise memory, or have fewer words: with "
                "lowercase=True, another tokenizer, or a text without its rarest words"
            )
        if self.file is None and (self.budget is None or types + ids <= self.budget):
            return
        if self.file is None:
            self._begin(ids, done)
        if ids >= _BATCH:
            self._write(encoder.take())

    def _begin(self, ids: int, done: float) -> None:
        free = shutil.disk_usage(self.directory).free
        wanted = int(ids / done) if done > 0 else ids
        if free < wanted:
            raise OSError(
                errno.ENOSPC,
                f"the encoded corpus outgrows memory={self.budget:,} and needs about {wanted:,} "
                f"bytes of disk in this directory, which has {free:,}; free some, raise memory, or "
                "set the environment variable TMPDIR to a directory with more",
                self.directory,
            )
        with self._explained():
            self._temporary = tempfile.TemporaryFile(dir=self.directory, prefix=".w2v-")  # noqa: SIM115
        self.file = self._temporary

    def _write(self, ids: _text_encoder.Block) -> None:
        assert self.file is not None
        with self._explained():
            self.file.write(memoryview(ids).cast("B"))

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if self._temporary is None and self.file is not None:
                raise  # the destination, of which others know more
            raise OSError(
                error.errno,
                f"{error.strerror} while ids that exceed memory={self.budget} were put there; the "
                "temporary file is removed; free some space, raise memory, or set the environment "
                "variable TMPDIR to another directory",
                self.directory,
            ) from error

    def finish(self, rest: _text_encoder.Block) -> npt.NDArray[np.int32]:
        """Return all ids, in memory or mapped; `rest` are those that were never taken.

        Where a file was given they are written and nothing is mapped: the array is empty.
        """
        if self.file is None:
            return np.frombuffer(memoryview(rest), np.int32)
        self._write(rest)
        if self._temporary is None:
            return np.empty(0, np.int32)
        with self._explained():
            self._temporary.flush()
        size = os.fstat(self._temporary.fileno()).st_size // 4
        ids = np.memmap(self._temporary, np.int32, "r", shape=(size,))
        return ids.view(np.ndarray)

    def close(self) -> None:
        """Let go of the temporary file; it is gone once no array needs it."""
        if self._temporary is not None:
            self._temporary.close()
