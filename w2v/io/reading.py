"""What every reader of a file of vectors or of a model begins with: one guard, and pipes.

A damaged file can make a reader, or a library that it calls, fail in any way. `reading` turns
whatever that is into a ValueError that names the file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator

from w2v._types import PathLike
from w2v.io.input_files import check_path, stat_input
from w2v.io.temporary import temporary_folder


@contextlib.contextmanager
def reading(path: PathLike) -> Iterator[str]:
    """Give the name of a file; errors inside the block that are not its own become ValueErrors.

    Arguments other than the path are to be checked before.

    Raises
    ------
    ValueError
        The file is damaged, in a way that no reader named.
    MemoryError
        With the name of the file.
    TypeError
        `path` is not a path.
    """
    name = check_path(path)
    try:
        yield name
    except MemoryError as error:
        if str(error).startswith(name):
            raise
        reason = f" ({error})" if str(error) else ""
        raise MemoryError(
            f"{name}: too little memory to read this file of {_size(path)}{reason}; free some "
            "memory, or read fewer words with limit="
        ) from error
    except (ImportError, Warning):
        raise
    except Exception as error:  # of any kind
        if isinstance(error, ValueError) and name in str(error):
            raise
        # A reader that follows a damaged offset makes a call that the system finds invalid.
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            if error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, name) from error
        reason = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise ValueError(
            f"{name}: the file is truncated or corrupt ({reason[:300]}); copy or create it again"
        ) from error


def _size(path: PathLike) -> str:
    with contextlib.suppress(OSError):
        return f"{os.stat(path).st_size:,} bytes"
    return "unknown size"


@contextlib.contextmanager
def seekable(path: PathLike) -> Iterator[PathLike]:
    """Give a file that can be read more than once: `path`, or a copy of what a pipe sends.

    The copy is in the folder for temporary files, as large as what is sent, until the block ends.
    Messages of errors name the pipe.
    """
    found = stat_input(path)
    if not found.is_pipe:
        yield path
        return
    with temporary_folder() as folder:
        copy = os.path.join(folder, "pipe")
        with found.open() as source, open(copy, "wb") as file:
            shutil.copyfileobj(source, file, 1 << 20)
        try:
            yield copy
        except Exception as error:
            error.args = tuple(
                one.replace(copy, found.name) if isinstance(one, str) else one for one in error.args
            )
            raise
