"""Ids on their way into a corpus: in memory, or in a file beyond a memory budget."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, BinaryIO, Protocol

import numpy as np

from w2v._types import IdArray

_WRITE = 1 << 23  # bytes of ids that are written at a time


class Encoder(Protocol):
    """An encoder of text or of integers, whose ids can be taken before it is finished."""

    def memory(self) -> tuple[int, int]:
        """Return the bytes of the types, and of the ids not taken yet."""

    def stats(self) -> tuple[int, int, int, int]:
        """Return tokens, sentences, types and line feeds."""

    def take_ids(self) -> Any:
        """Return the ids since the last call, as a buffer."""


class IdBuffer:
    """Takes ids from an encoder that exceeds the budget, and returns all of them at the end.

    Parameters
    ----------
    budget : int, optional
        Bytes that ids and types may take together; default no limit. Ids beyond it go to a file;
        types that exceed it on their own are an error.
    file : BinaryIO, optional
        Destination of all ids, regardless of the budget; they are appended.
    directory : str, optional
        Directory for a temporary file; default that of `tempfile`.
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

    def flush_if_over_budget(self, encoder: Encoder, fraction: float = 0.0) -> None:
        """Write ids to the file if necessary.

        Parameters
        ----------
        fraction : float, default 0
            Fraction of the source that is read; 0 if unknown.

        Raises
        ------
        MemoryError
            If the types exceed the budget.
        OSError
            If the file cannot be written.
        """
        types, ids = encoder.memory()
        if self.budget is not None and types > self.budget:
            n_types = encoder.stats()[2]
            raise MemoryError(
                f"{n_types:,} distinct words take {types:,} bytes, more than "
                f"memory={self.budget:,} allows; increase memory=, or reduce the vocabulary "
                "(lowercase=True, another tokenizer)"
            )
        if self.file is None and (self.budget is None or types + ids <= self.budget):
            return
        if self.file is None:
            self._open_temporary(ids, fraction)
        if ids >= _WRITE:
            self._write(encoder.take_ids())

    def _open_temporary(self, ids: int, fraction: float) -> None:
        free = shutil.disk_usage(self.directory).free
        needed = int(ids / fraction) if fraction > 0 else ids
        if free < needed:
            raise OSError(
                errno.ENOSPC,
                f"the encoded corpus exceeds memory={self.budget:,} and needs about {needed:,} "
                f"bytes of disk in this directory, which has {free:,}; free some space, increase "
                "memory=, or set the environment variable TMPDIR to another directory",
                self.directory,
            )
        with self._with_context():
            self._temporary = tempfile.TemporaryFile(dir=self.directory, prefix=".w2v-")  # noqa: SIM115
        self.file = self._temporary

    def _write(self, ids: Any) -> None:
        assert self.file is not None
        with self._with_context():
            self.file.write(memoryview(ids).cast("B"))

    @contextlib.contextmanager
    def _with_context(self) -> Iterator[None]:
        """Add to an OSError what was being written, and a remedy."""
        try:
            yield
        except OSError as error:
            if self._temporary is None and self.file is not None:
                raise  # the destination: the caller adds its name
            raise OSError(
                error.errno,
                f"{error.strerror} while writing the temporary file for ids beyond "
                f"memory={self.budget}; the temporary file was removed; free some space, increase "
                "memory=, or set the environment variable TMPDIR to another directory",
                self.directory,
            ) from error

    def finish(self, rest: Any) -> IdArray:
        """Return all ids, in memory or mapped.

        Parameters
        ----------
        rest : buffer of int32
            The ids that were never taken from the encoder.

        Returns
        -------
        int32, shape (n,)
            Empty if the ids went to a file that was passed in.
        """
        if self.file is None:
            return np.frombuffer(memoryview(rest), np.int32)
        self._write(rest)
        if self._temporary is None:
            return np.empty(0, np.int32)
        with self._with_context():
            self._temporary.flush()
        size = os.fstat(self._temporary.fileno()).st_size // 4
        ids = np.memmap(self._temporary, np.int32, "r", shape=(size,))
        return ids.view(np.ndarray)

    def close(self) -> None:
        """Close the temporary file; it is deleted once no array maps it."""
        if self._temporary is not None:
            self._temporary.close()
