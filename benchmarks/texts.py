"""Texts for benchmarks: the first words of a file, or docstrings if no file is given."""

from __future__ import annotations

from pathlib import Path

from w2v.cli import demo


def first_words(path: Path | None, n_words: int, folder: str) -> Path:
    """Write the first lines of a text file, or of the demo text, to a new file; return its path.

    Parameters
    ----------
    path : Path or None
        None: the docstrings of the installed Python packages.
    n_words : int
        Lines are copied until they contain at least this many words.
    folder : str
        Folder of the new file, which has the name of the old one.
    """
    piece = Path(folder) / ("documentation.txt" if path is None else path.name)
    with open(piece, "wb") as file:
        if path is None:
            for sentence in demo.load_docstrings():
                if n_words <= 0:
                    break
                file.write(" ".join(sentence).encode("utf-8") + b"\n")
                n_words -= len(sentence)
        else:
            with open(path, "rb") as source:
                for line in source:
                    if n_words <= 0:
                        break
                    file.write(line)
                    n_words -= len(line.split())
    return piece
