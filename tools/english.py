"""Find words and turns that read translated, in code, documentation and messages.

    python tools/english.py [PATH ...]

Prints each line with the habit it shows, and exits with 1 if there is any. Where a line is right as
it is (a name, a quotation), put the exact text into ALLOWED.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PATHS = ("w2v", "csrc", "docs", "benchmarks", "tools", "README.md", "CONTRIBUTING.md", "setup.py")
SUFFIXES = {".py", ".pyi", ".pyx", ".pxd", ".c", ".h", ".md", ".toml"}

# What to look for, and what to write instead.
HABITS = {
    r"\b(told|tells?|telling)\b": "report, show, detect, return, decide, distinguish",
    r"\bst(and|ands|ood)\b(?! for\b.*\bstd)": "is, appears, occurs, represents, duplicate",
    r"(?<!there )\b(is|are|was|were|be) no (?!longer\b|more\b|less\b|slower\b|faster\b|worse\b)": (
        "is not a"
    ),
    r"\b(is|are|was|were) (?-i:none)\b": "is not one; name the thing",
    r"\bso (many|much|often|few)\b(?! (as|that|faster|slower|more|less|better)\b)": (
        "name the quantity: the first `n` words, this many"
    ),
    r"\banew\b": "again, from scratch",
    r"\bby custom\b": "conventionally",
    r"\bpass(ed|es)? over\b": "ignored, skipped",
    r"\buntil then\b": "so far, before that",
    r"\bto and fro\b": "back and forth",
    r"\bnow and then\b": "periodically",
    r"\bin any case\b": "always",
    r"\bat hand\b": "current, available",
    r"\bhand(s|ed|ing)? (it |them |vectors |names |that )?(on|over)\b": "pass, return, convert",
    r"\bbut for\b": "except for",
    r"\b(nobody|somebody|whoever|anybody)\b": "the caller, the reader, another worker; no one",
    r"\b(one|a word|a row|a sentence|a pair|words?|sentences?) a (line|row|word|file|format)\b": (
        "one per line"
    ),
    r"\btill\b": "until",
    r"\b(thereof|therein|whereof|wherein|whereby|hitherto|thither|hence)\b": "of it, in it; so",
    r"\bwhat is (probably|left|near)\b": "name the thing",
    r"\b(goes|go|went) (with neither|the way of)\b": "cannot be combined with; follows",
    r"\b(learned|learns|learn) (of|from) (it|them) (of|by)\b": "learned from",
    r"\bof (malloc|NumPy|Python|gensim|word2vec|fastText|scikit-learn|PyTorch|torch)'s\b": (
        "a NumPy array, a Python int: no double possessive"
    ),
    r"\b(colour|labell|neighbour|favour|behaviour|centre|grey)": "American spelling",
    r"\b(normal|recogn|initial|optim|minim|maxim|summar|token|real)is(e|es|ed|ing|ation)\b": (
        "American spelling: -ize"
    ),
}
ALLOWED = (".tell()", "pass over the corpus")


def findings(path: Path) -> list[str]:
    """Return a line for each habit in a file."""
    found = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        plain = line
        for allowed in ALLOWED:
            plain = plain.replace(allowed, "")
        for habit, instead in HABITS.items():
            match = re.search(habit, plain, re.IGNORECASE)
            if match:
                where = f"{path.relative_to(ROOT)}:{number}"
                found.append(f"{where}: {match[0]!r} ({instead}): {line.strip()[:100]}")
    return found


def files(names: list[str]) -> list[Path]:
    """Return the files at these paths and below them, in order."""
    found: set[Path] = set()
    for path in map(Path, names):
        path = path if path.exists() else ROOT / path
        found |= (
            {path.resolve()} if path.is_file() else {each.resolve() for each in path.rglob("*")}
        )
    return sorted(path for path in found if path.suffix in SUFFIXES and path.is_file())


def main(paths: list[str]) -> int:
    """Print what is found; return the exit status."""
    found = [
        line
        for path in files(paths or [str(ROOT / name) for name in PATHS])
        if path != Path(__file__).resolve() and path.name != "unicode_data.h"
        for line in findings(path)
    ]
    print("\n".join(found))
    print(f"{len(found)} lines that read translated" if found else "Plain English throughout.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
