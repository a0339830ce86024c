"""Trains small models of each objective and prints the checksums of their files.

For comparing two machines: what it prints is the same wherever the same SIMD variant runs. .ci/run
runs it here and, under QEMU, on another kind of CPU.

    W2V_SIMD=scalar python same_bytes.py          a line per model
    W2V_SIMD=scalar python same_bytes.py planted  one number of the text differs: so do all lines
"""

import hashlib
import os
import sys
import tempfile

import numpy as np

from w2v import Word2Vec

WORDS, TOKENS, LONGEST = 400, 9_000, 30
MODELS = {
    "skip-gram": {},
    "skip-gram, noise words of each pair": {"shared_negatives": False, "ns_exponent": 0.5},
    "skip-gram, hierarchical softmax": {"hs": 1, "negative": 0},
    "CBOW": {"sg": 0},
    "CBOW, exact": {"sg": 0, "cbow_gradient": "exact", "window": 12},
    "CBOW, hierarchical softmax": {"sg": 0, "hs": 1, "negative": 0},
    "both objectives, with offsets": {"hs": 1, "score_offsets": True},
    "16 shards, merged": {"deterministic": True, "shards": 16, "workers": 3, "epochs": 2},
    "CBOW in shards": {"sg": 0, "shards": 4, "deterministic": True, "workers": 2},
    "held-out text": {"validation": 0.1, "early_stopping": 1, "epochs": 3},
}


def sentences(planted: bool) -> list[list[str]]:
    """Return a text whose words are as frequent as Zipf says; made of integers alone."""
    state, drawn = 1, []
    for _ in range(TOKENS):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        # Not np.random.zipf, and no pow: this must be the same text everywhere.
        drawn.append(WORDS * (state >> 33) // ((state >> 33) * 20 + 2**31) % WORDS)
    if planted:
        drawn[100] = (drawn[100] + 1) % WORDS
    text, begin = [], 0
    while begin < TOKENS:
        end = begin + 5 + drawn[begin] % LONGEST
        text.append([f"w{word}" for word in drawn[begin:end]])
        begin = end
    return text


def main() -> None:
    text = sentences("planted" in sys.argv[1:])
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "model.safetensors")
        for name, settings in MODELS.items():
            given = {"vector_size": 20, "min_count": 2, "workers": 1, "epochs": 1, **settings}
            model = Word2Vec(text, **given)
            assert np.isfinite(model.wv.vectors).all()
            model.save(path)
            with open(path, "rb") as file:
                print(hashlib.sha256(file.read()).hexdigest()[:20], name)


if __name__ == "__main__":
    main()
