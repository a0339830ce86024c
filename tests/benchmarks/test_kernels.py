"""The step alone, and where the time of a run goes."""

from __future__ import annotations

import numpy as np
import pytest
from benchmark_helpers import (
    benchmarks,
    court,
    lines_of,
    module,
)

from w2v import simd
from w2v.training import _kernel_bench


def test_parts_of_a_run():
    seconds = module("training.breakdown").Seconds(whole=10, thinned=8, folded=5, step=4)
    assert (seconds.memory, seconds.bookkeeping) == (3, 3)
    # Noise may have the parts take longer than the whole.
    seconds = module("training.breakdown").Seconds(whole=10, thinned=8, folded=9, step=11)
    assert (seconds.memory, seconds.bookkeeping) == (0, 0)


@pytest.mark.thorough
def test_kernels_measures_every_shape(tmp_path):
    results = tmp_path / "results.jsonl"
    ran = benchmarks(
        *("kernels", "--variants", "scalar", "--dims", 7, 16, "--shapes", "1x6", "3x2p"),
        *("--only", "step", "--json", results),
    )
    assert ran.returncode == 0, ran.stderr
    lines = lines_of(results)
    told = [(line["vector_size"], line["inputs"], line["outputs"]) for line in lines]
    assert told == [(7, 1, 6), (7, 3, 2), (16, 1, 6), (16, 3, 2)]
    for line in lines:
        dim, n, m = line["vector_size"], line["inputs"], line["outputs"]
        pairs = m if line["pooled"] else n * m
        assert line["pooled"] == (n == 3)
        assert line["gflops"] * line["nanoseconds"] == pytest.approx(6 * dim * pairs)
        assert line["stores_gb_per_second"] * line["nanoseconds"] == pytest.approx(
            4 * dim * (n + m)
        )
        assert line["loads_gb_per_second"] == pytest.approx(2 * line["stores_gb_per_second"])
        assert line["variant"] == "scalar"
        assert min(line["peak_gflops"], line["peak_loads"], line["peak_stores"]) > 0
        share = f"{line['gflops'] / line['peak_gflops']:.0%}"
        assert share in ran.stdout


def test_peaks_count_what_is_done():
    for variant in simd.available():
        for stores in (False, True):
            assert _kernel_bench.l1_bytes(variant, stores, 3) == 3 * 16_384
        assert _kernel_bench.flops(variant, 6) == 2 * _kernel_bench.flops(variant, 3) > 0
    with pytest.raises(ValueError, match="'mmx'"):
        _kernel_bench.l1_bytes("mmx", False, 1)


@pytest.mark.thorough
def test_kernels_tells_where_the_time_of_a_run_goes(tmp_path, capsys):
    results = tmp_path / "results.jsonl"
    arguments = [
        *("kernels", "--only", "run", "--corpus", str(court(tmp_path)), "--words", "500"),
        *("--variants", "scalar", "--dims", "16", "--kinds", "cbow-hs", "sg-ns", "--rounds", "1"),
    ]
    assert module("cli").main([*arguments, "--json", str(results)]) == 0
    lines = lines_of(results)
    assert [line["settings"]["sg"] for line in lines] == [0, 1]
    for line in lines:
        assert line["variant"] == "scalar"
        assert line["words"] == 500
        seconds = line["seconds"]
        assert line["words_per_second"] == pytest.approx(500 / seconds["whole"])
        work = 6 * 16 * line["pairs"] / seconds["whole"] / 1e9
        assert line["fraction_of_peak"] == pytest.approx(work / line["peak_gflops"])
        assert line["fractions"]["dense step"] == pytest.approx(seconds["step"] / seconds["whole"])
    assert "cbow-hs, 16d" in capsys.readouterr().out


def test_a_kernel_that_learned_no_numbers_is_no_result():
    step = module("training.step").Step("scalar", 10, 2, 3)
    before = step.vectors.copy()
    step.run()
    step.check()
    assert not np.array_equal(step.vectors, before)
    step.vectors[0, 0] = np.nan
    step.run()
    with pytest.raises(ValueError, match="not finite"):
        step.check()


def test_a_pooled_step_meets_each_output_once():
    plain, pooled = (
        module("training.step").Step("scalar", 10, 4, 3, pooled) for pooled in (False, True)
    )
    plain.run()
    pooled.run()
    # About 0.7 nats a pair, and a quarter as many pairs.
    assert pooled.loss < plain.loss / 2
