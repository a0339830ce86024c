"""File names: an extension says what a file contains, in every method and command.

Where a method writes one of several formats, the extension chooses (`registry.format_from_name`,
`w2v.plot.save`). Where it writes one format, an extension of another one is an error. Other names,
and those without an extension, are free.
"""

from __future__ import annotations

import os

from w2v._types import PathLike
from w2v.io.compression import EXTENSIONS, bare_extension

_CONTENT = {
    ".safetensors": "models and vectors of w2v",
    ".w2vc": "encoded corpora",
    ".bin": "word2vec binary format",
    ".txt": "text",
    ".vec": "word2vec text format",
    ".glove": "GloVe text",
    ".npz": "NumPy arrays",
    ".parquet": "Parquet tables",
    ".arrow": "Arrow tables",
    ".feather": "Arrow tables",
    ".tsv": "tables of text",
    ".csv": "tables of text",
    ".json": "JSON",
}
_SAFETENSORS = (".safetensors",)


def check_name(
    path: PathLike,
    what: str,
    own: tuple[str, ...] = _SAFETENSORS,
    *,
    compressed: bool = False,
    remedy: str = "",
) -> None:
    """Raise a ValueError if a name promises another format than is written.

    Parameters
    ----------
    path : str or path-like
        The destination.
    what : str
        What is written, for the message: "a model is written in safetensors format".
    own : tuple of str, default (".safetensors",)
        The extensions of this format.
    compressed : bool, default False
        Whether a second extension, such as .gz, compresses it.
    remedy : str, optional
        What writes the format that the name promises, for the message.
    """
    name = os.fspath(path)
    extension, last = bare_extension(path), os.path.splitext(name)[1].lower()
    if last in EXTENSIONS and not compressed:
        problem = f"uncompressed, but {last} means {EXTENSIONS[last]}; drop this extension"
    elif extension in _CONTENT and extension not in own:
        root = name.removesuffix(last) if last in EXTENSIONS else name
        other = repr(os.path.splitext(root)[0] + own[0])
        problem = f"but {extension} means {_CONTENT[extension]}; name the file {other}"
        problem += f", or {remedy}" if remedy else ""
    else:
        return
    raise ValueError(f"{name}: {what}, {problem}")
