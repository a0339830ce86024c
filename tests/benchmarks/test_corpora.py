"""From text to ids."""

from __future__ import annotations

import gzip
import lzma
from pathlib import Path

import pytest
from benchmark_helpers import (
    court,
    lines_of,
    module,
    written,
)

import w2v

pytestmark = pytest.mark.thorough  # each test runs whole programs


def test_corpora_measures_w2v_alone(tmp_path, capsys, monkeypatch):
    results = tmp_path / "results.jsonl"
    monkeypatch.setattr(module("corpus.corpora"), "version", lambda package: None)
    arguments = [
        *("corpora", "--corpus", str(court(tmp_path)), "--only", "lists", "encoded", "memory"),
        *("--rounds", "1", "--tokens", "5000", "--bytes", "100000", "--json", str(results)),
    ]
    assert module("cli").main(arguments) == 0
    lines = lines_of(results)
    told = {line["job"]: line for line in lines if "job" in line}
    assert told["token_lists"]["tokens"] == 2002
    assert told["repeat"]["output"] == "once.w2vc"
    assert told["opening"]["tokens"] == 3 * 2002  # the least number of times that is enough
    assert told["opening"]["verify"] is False
    # Copies after the first have words of their own in every twentieth line.
    assert told["spilling"]["types"] > 7 * 2
    assert told["spilling"]["peak_bytes"] is None or told["spilling"]["peak_bytes"] > 1e6
    for turns in (told["training"]["words_per_second"], told["training"]["words_per_cpu_second"]):
        assert {name: len(speeds) for name, speeds in turns.items()} == {"mapped": 1, "loaded": 1}
    rows = {line["row"]: line["values"] for line in lines if "row" in line}
    assert rows["s: token lists to ids, against gensim"]["other"] == []
    assert "gensim is not installed" in capsys.readouterr().err


def test_corpora_compares_every_source(tmp_path, capsys, monkeypatch):
    corpora = module("corpus.corpora")
    asked = []

    def launch(task: dict, folder: str) -> dict:
        asked.append(task)
        path = Path(task["corpus"])
        assert path.is_file() == (path.suffix not in (".w2vc",))
        # gensim takes twelve times as long as w2v, Python three times; a second worker gains half.
        seconds = {"w2v": 0.5, "gensim": 6.0, "python": 1.5}[task["system"]]
        seconds /= 1.5 if task["settings"].get("workers") == 2 else 1
        if task["job"] == "decompress":
            seconds = 0.25
        if task["job"] == "spilling":
            assert 3_000_000 <= path.stat().st_size < 3_001_000
        speeds = {"mapped": [3e6], "loaded": [3.1e6]}
        return {
            **{"seconds": seconds, "tokens": 5_000_000, "phrases": 7, "joining_seconds": seconds},
            **{"words_per_second": speeds, "words_per_cpu_second": speeds},
            **{"elapsed_seconds": 1.0, "peak_bytes": 123_000_000, "cpu_seconds": 0.6},
        }

    def no_zstd() -> None:
        raise ImportError("no zstd here")

    monkeypatch.setattr(corpora, "launch", launch)
    monkeypatch.setattr(corpora, "version", lambda package: "9.9")
    monkeypatch.setattr(module("corpus.jobs"), "zstd", no_zstd)
    results = tmp_path / "results.jsonl"
    arguments = ["corpora", "--corpus", str(court(tmp_path)), "--bytes", "3000000", "--rounds", "2"]
    large = tmp_path / "large"
    large.mkdir()
    arguments += ["--folder", str(large), "--json", str(results), "--workers", "2", "4"]
    assert module("cli").main(arguments) == 0
    rows = [line for line in lines_of(results) if "row" in line]
    better = {line["row"].partition(":")[2].strip(): line["better"] for line in rows}
    assert better == {
        "text file to ids, one worker, against gensim": "12.00x",
        "the same": "",
        "2 workers, against one": "1.50x",
        "processor time of 2 workers, against one": "1.00x",
        "4 workers, against one": "1.00x",
        "processor time of 4 workers, against one": "1.00x",
        "token lists to ids, against gensim": "12.00x",
        "finding phrases, one pass, against gensim": "12.00x",
        "joining them, against gensim": "12.00x",
        "": "1.00x",
        ".gz file to ids, against gensim": "12.00x",
        ".gz file to ids, against decompressing alone": "0.50x",
        ".xz file to ids, against gensim": "12.00x",
        ".xz file to ids, against decompressing alone": "0.50x",
        "words of prose, lower case, to ids, against Python's re": "3.00x",
        "words of prose, lower case, to ids, against gensim's simple_preprocess": "12.00x",
        "opening 5 M encoded tokens": "",
        "opening 5 M encoded tokens, ids not compared": "",
        "training from an encoded file, against from memory": "0.97x",
        "training from an encoded file, processor time, against from memory": "0.97x",
        "peak of encoding 3 MB under memory='256MB'": "",
    }
    told = capsys.readouterr()
    assert "no zstd here" in told.err
    assert "150" in told.out
    assert list(large.iterdir()) == []
    assert len({id(task) for task in asked}) == len(asked)


@pytest.mark.parametrize("system", ["w2v", "gensim", "python"])
def test_jobs_read_every_token(tmp_path, system):
    jobs = module("corpus.jobs")
    models = pytest.importorskip("gensim.models") if system == "gensim" else w2v
    path = str(court(tmp_path))
    task = {"system": system, "corpus": path, "settings": {}}
    if system == "python":
        assert jobs.words_of_prose(None, task)["tokens"] == 2002
        for compress in (gzip, lzma):
            suffix = {gzip: ".gz", lzma: ".xz"}[compress]
            Path(path + suffix).write_bytes(compress.compress(Path(path).read_bytes()))
            told = jobs.decompress(None, {"corpus": path + suffix})
            assert told["bytes"] == Path(path).stat().st_size
        return
    told = jobs.encode(models.Word2Vec, task)
    assert (told["tokens"], told["sentences"]) == (2002, 101)
    assert jobs.token_lists(models.Word2Vec, task)["tokens"] == 2002
    if system == "gensim":
        assert jobs.words_of_prose(None, task)["tokens"] == 2002


@pytest.mark.parametrize("system", ["w2v", "gensim"])
def test_jobs_find_and_join_phrases(tmp_path, system):
    if system == "gensim":
        pytest.importorskip("gensim")
    lines = [f"only {i} here" for i in range(2000)] + ["new york"] * 50
    path = written(tmp_path, "\n".join(lines))
    told = module("corpus.jobs").phrases(None, {"system": system, "corpus": str(path)})
    assert (told["phrases"], told["tokens"]) == (1, 2000 * 3 + 50)
    assert told["seconds"] > 0
    assert told["joining_seconds"] > 0
