"""Instructions under callgrind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from benchmark_helpers import (
    court,
    lines_of,
    module,
    written,
)

from w2v import simd

CALLGRIND = """\
version: 1
events: Ir

fl=hogwild.c
fn=__pyx_pw_3w2v_8_hogwild_6Worker_5run
10 7
cfi=step.c
cfn=w2v_step_avx2
calls=3 100
20 {step}
cfn=w2v_step_scratch
calls=1 100
25 1000
30 5
cfn=__pyx_f_3w2v_8_hogwild_fill
calls=2 100
40 60

fl=step.c
fn=w2v_step_avx2
100 25
cfn=gradients
calls=3 7
101 75

totals: {total}
"""


def test_callgrinds_figures_are_read(tmp_path):
    path = written(tmp_path, CALLGRIND.format(step=100, total=1272))
    assert module("training.instructions").read(path) == {"total": 1272, "step": 100}
    assert module("training.instructions").read(written(tmp_path, "totals: 0\n"))["total"] == 0


def counting(steps: list[int]) -> Callable[..., dict]:
    """Return what stands in for valgrind: it leaves a file for each run, and empty ones around."""

    def launch(task: dict, folder: str, under: tuple, **environment: str) -> dict:
        assert under[0] == "valgrind"
        (out,) = [each for each in under if each.startswith("--callgrind-out-file=")]
        place = Path(out.partition("=")[2])
        texts = [CALLGRIND.format(step=step, total=1200) for step in steps]
        # The tenth file comes after the ninth, though not by name.
        for number, text in enumerate(["totals: 0", *texts, "totals: 0"], 8):
            place.with_suffix(f".{number}").write_text(text, "utf-8")
        assert [run["sg"] for run in task["runs"]] == [1, 0, 1, 0]
        return {"centers": 10, "elapsed_seconds": 1.0, "variant": environment["W2V_SIMD"]}

    return launch


def test_instructions_are_told_per_centre_and_beside_the_last(tmp_path, capsys, monkeypatch):
    instructions, kept = module("training.instructions"), tmp_path / "kept.jsonl"
    monkeypatch.setattr(instructions.shutil, "which", lambda name: f"/bin/{name}")
    arguments = ["instructions", "--corpus", str(court(tmp_path)), "--history", str(kept)]
    for steps in ([400, 300, 500, 100], [400, 303, 500, 100]):
        monkeypatch.setattr(instructions, "launch", counting(steps))
        capsys.readouterr()
        assert module("cli").main(arguments) == 0
    told = capsys.readouterr().out.splitlines()
    values = lines_of(kept)[1]["values"]
    variants = [name for name in simd.available() if name != "avx512"]
    assert len(values) == 8 * len(variants)
    assert values["scalar, cbow-ns: dense step"] == [30.3]
    assert values["scalar, cbow-ns: loop"] == [pytest.approx(89.7)]
    rows = {row.strip().partition(": ")[::2]: row.split() for row in told if "scalar, " in row}
    changes = {f"{name}: {row.split()[0]}": cells[-1] for (name, row), cells in rows.items()}
    assert changes["scalar, cbow-ns: dense"] == "+1.00%"
    assert changes["scalar, sg-hs: dense"] == "+0.00%"
    assert changes["scalar, cbow-ns: loop"] == "-0.33%"


@pytest.mark.parametrize(
    ("arguments", "found", "steps", "expected"),
    [
        ([], None, [], "valgrind is not installed"),
        (["--variants", "avx512"], "valgrind", [], "valgrind does not support AVX-512"),
        ([], "valgrind", [100, 100, 100], "expected 4 runs in the callgrind output, found 3"),
        ([], "valgrind", [100, 100, 0, 100], "found no call of w2v_step_*"),
    ],
)
def test_what_cannot_be_counted_is_told(
    tmp_path, capsys, monkeypatch, arguments, found, steps, expected
):
    instructions = module("training.instructions")
    monkeypatch.setattr(simd, "available", lambda: ("avx512", "scalar"))
    monkeypatch.setattr(instructions.shutil, "which", lambda name: found)
    monkeypatch.setattr(instructions, "launch", counting(steps))
    kept = tmp_path / "kept.jsonl"
    arguments = ["instructions", *arguments, "--corpus", str(court(tmp_path))]
    assert module("cli").main([*arguments, "--history", str(kept)]) == 1
    assert expected in capsys.readouterr().err
    assert not kept.exists()


def test_the_job_that_is_counted_trains_once_with_each(tmp_path):
    # Sentences of two words, none so frequent that it is thinned out: each word is a centre.
    lines = [f"a{i % 200} b{i % 200}" for i in range(2000)]
    task = {"job": "instructions", "system": "w2v"}
    task |= {"corpus": str(written(tmp_path, "\n".join(lines)))}
    runs = [{"sg": 1, "vector_size": 8}, {"sg": 0, "hs": 1, "negative": 0, "vector_size": 8}]
    launch = module("jobs").launch
    told = launch({**task, "runs": runs}, str(tmp_path), ("env", "W2V_SIMD=scalar"))
    assert told["words"] == told["centers"] == 4000
    assert told["variant"] == "scalar"
