"""Fonts for words of any script, and words as matplotlib should show them: never as a formula."""

from __future__ import annotations

import contextlib
import logging
import unicodedata
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from w2v._validation import require_package
from w2v._warnings import warn

if TYPE_CHECKING:
    from matplotlib.text import Text

_MAX_LABEL = 24  # characters of a label; longer words are cut, with an ellipsis

# Fonts that are likely to have what the configured one lacks, searched before all others.
_LIKELY_FONTS = (
    *("noto sans cjk", "source han sans", "wenquanyi", "pingfang", "microsoft yahei"),
    *("hiragino sans", "malgun", "apple sd", "droid sans fallback", "noto sans", "dejavu"),
)


def load_matplotlib(module: str = "") -> Any:
    """Import matplotlib or one of its modules; where it is missing, name the extra to install."""
    name = f"matplotlib.{module}" if module else "matplotlib"
    return require_package(name, "w2v[plot]", "drawing")


def display_label(word: str) -> str:
    """Return a word as it is drawn: on one line, cut to a label's length, nothing invisible."""
    drawn = "".join(
        char if char == " " or unicodedata.category(char)[0] not in "CZ" else ascii(char)[1:-1]
        for char in word
    )
    return drawn if len(drawn) <= _MAX_LABEL else drawn[: _MAX_LABEL - 1] + "…"


def set_words(texts: Iterable[Text], fonts: list[str], **properties: Any) -> None:
    """Set the fonts of texts that show words, where a dollar sign must not begin a formula."""
    for text in texts:
        text.set_parse_math(False)
        text.set_usetex(False)
        text.set_fontfamily(fonts)
        text.set(**properties)


def font_families_for(words: Iterable[str]) -> list[str]:
    """Return font families that have the characters of all words, the configured ones first.

    Characters that no installed font has become boxes; a warning names them.
    """
    manager = load_matplotlib("font_manager")
    names = list(load_matplotlib().rcParams["font.family"])
    missing = {char for word in words for char in display_label(word) if char != " "}
    with _silenced("matplotlib.font_manager"):
        for name in names:
            missing -= _glyphs(manager.findfont(manager.FontProperties(family=[name])), missing)
    for find in (_known_fonts, _new_fonts):  # fonts installed after matplotlib made its list
        for name, path in find(manager) if missing else ():
            found = _glyphs(path, missing)
            if found:
                names.append(name)
                missing -= found
            if not missing:
                break
    if missing:
        listed = " ".join(sorted(missing)[:40]) + (" ..." if len(missing) > 40 else "")
        warn(
            f"no installed font has {len(missing):,} of the characters in these words, which will "
            f"be drawn as boxes: {listed}; install a font that has them (for Chinese, Japanese "
            "and Korean: Noto Sans CJK or WenQuanYi Zen Hei)",
        )
    return names


@contextlib.contextmanager
def suppress_glyph_warnings() -> Iterator[None]:
    """Silence matplotlib's warning per missing glyph; `font_families_for` gives one for all."""
    with warnings.catch_warnings(), _silenced("matplotlib.font_manager"):
        warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
        yield


def _glyphs(path: str, characters: set[str]) -> set[str]:
    """Return those of the characters that a font file has."""
    ft2font = load_matplotlib("ft2font")
    try:
        font = ft2font.FT2Font(path)
    except (OSError, RuntimeError, ValueError):  # not scalable, or corrupt
        return set()
    return {char for char in characters if font.get_char_index(ord(char))}


def _known_fonts(manager: Any) -> list[tuple[str, str]]:
    """Return the family and file of each upright font of normal weight, the likely ones first."""
    upright: dict[str, str] = {}
    for font in manager.fontManager.ttflist:
        plain = font.style == "normal" and font.weight in (400, 500, "normal", "regular", "book")
        if plain and "last resort" not in font.name.lower():  # which has a box for every character
            upright.setdefault(font.name, font.fname)

    def rank(item: tuple[str, str]) -> tuple[int, str]:
        name = item[0].lower()
        likely = (i for i, start in enumerate(_LIKELY_FONTS) if name.startswith(start))
        return next(likely, len(_LIKELY_FONTS)), name

    return sorted(upright.items(), key=rank)


def _new_fonts(manager: Any) -> list[tuple[str, str]]:
    """Return fonts of the system that are not in matplotlib's list yet."""
    known = {font.fname for font in manager.fontManager.ttflist}
    before = {font.name for font in manager.fontManager.ttflist}
    for path in sorted(set(manager.findSystemFonts()) - known):
        with contextlib.suppress(OSError, RuntimeError, ValueError):
            manager.fontManager.addfont(path)
    return [item for item in _known_fonts(manager) if item[0] not in before]


@contextlib.contextmanager
def _silenced(name: str) -> Iterator[None]:
    """Disable a logger, here the one that reports each missing font family."""
    logger = logging.getLogger(name)
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before
