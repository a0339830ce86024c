"""The text that a benchmark reads where its first words are enough, or where none was given."""

from __future__ import annotations

from pathlib import Path

from w2v.cli import demo


def first_words(path: Path | None, n_words: int, folder: str) -> Path:
    """Write the first lines of a text file, or of the demo's text, and return where.

    Parameters
    ----------
    path : Path or None
        Lines are taken until they hold so many words. None: the documentation that this Python
        carries.
    folder : str
        Where the new file is made, under the name of the old one.
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
