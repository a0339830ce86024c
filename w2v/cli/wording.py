"""Messages of the library in the words of the command line: ``--errors skip``, not errors='skip'.

The library writes settings as Python does. Here they become the options of the command that runs;
those that only `w2v convert` has are said to be its options.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_PYTHON = {"format": "from"}  # arguments whose option has another name
# Ways to say it in Python that have no option, and what to say instead.
_PHRASES = (
    (r", as in Corpus\([^()]*\)", ""),
    (r"KeyedVectors\.read\(path, (errors='\w+')\)", r"\1"),
    (r"use save\(\), which keeps", "use a .safetensors file, which keeps"),
    (r"save\(\) keeps every word", "a .safetensors file keeps every word"),
    (r"use KeyedVectors\(words, numpy\.loadtxt\([^()]*\)\), or pass (?=format=)", "pass "),
)
_AFTERWARDS = (
    (r"^Invalid value(?: for '[^']*')?: (?=--)", ""),
    (r", or None\b", ""),
)
_SETTING = re.compile(
    r"""(?<![\w./'"-])(?:
        (?P<name>[a-z]\w*)=(?P<values>
            '[^']*'(?:(?:,\ |\ or\ |,\ or\ )'[^']*')*(?!\w) | -?[\w.]+(?![\w(\[]) | (?=[\s,;:)]|$)
        )
        | (?P<bare>[a-z]+(?:_[a-z]+)+)(?![\w.=(\[])
    )""",
    re.VERBOSE,
)


_running: list[Any] = []  # the group of all commands, and those that run, from outside in


@contextlib.contextmanager
def spoken_by(command: Any, args: Sequence[str]) -> Iterator[None]:
    """Let `translate` know what these arguments run."""
    _running[:] = _commands(command, args)
    try:
        yield
    finally:
        _running.clear()


def translate(message: str) -> str:
    """Return a message with settings as options of the command that runs."""
    if not _running:
        return message
    options = _options(_running[-1])
    elsewhere = _options(_running[0].commands["convert"])
    foreign = False

    def option(found: re.Match[str]) -> str:
        nonlocal foreign
        given = found["name"] or found["bare"]
        name = _PYTHON.get(given, given)
        known = options.get(name) or elsewhere.get(name)
        if known is None:
            return found[0]
        foreign = foreign or name not in options
        return _spelled(known, found["values"])

    for pattern, words in _PHRASES:
        message = re.sub(pattern, words, message)
    message = _SETTING.sub(option, message)
    for pattern, words in _AFTERWARDS:
        message = re.sub(pattern, words, message)
    return f"{message} (options of `w2v convert`)" if foreign else message


def _commands(command: Any, args: Sequence[str]) -> Iterator[Any]:
    """Yield the group of all commands, and those that the arguments name, from outside in."""
    yield command
    for word in args:
        if word in getattr(command, "commands", ()):
            command = command.commands[word]
            yield command


def _options(command: Any) -> Mapping[str, Any]:
    """Return the options of a command by the names of their settings in Python."""
    flags = (option for option in command.params if option.param_type_name == "option")
    return {name.lstrip("-").replace("-", "_"): one for one in flags for name in one.opts}


def _spelled(option: Any, values: str | None) -> str:
    """Return an option with a value, or with several that it could have; None: only the option."""
    flag = str(max(option.opts, key=len))
    if values is None:
        return flag
    if option.is_flag:
        off = next(iter(option.secondary_opts), f"no {flag}")
        return str(off) if values in ("False", "0") else flag
    return f"{flag} {values.replace(chr(39), '')}".rstrip()
