"""The code of docs/diachronic.md, run as it is."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "diachronic.md"


def test_the_page_finds_the_word_that_changed(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    monkeypatch.chdir(tmp_path)
    names = {}
    for code in re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.M | re.S):
        exec(code, names)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("broadcast [0.0, ")
    assert lines[0].endswith("] 1.0")
    farm, radio = names["TOPICS"]["farm"], names["TOPICS"]["radio"]
    assert [line.split()[0] for line in lines[3:7]] == list(names["periods"])
    assert set(re.findall(r"'(\w+)'", lines[3])) <= set(farm)
    assert set(re.findall(r"'(\w+)'", lines[6])) <= set(radio)
    by_chance, moved = map(float, lines[7].split())
    assert by_chance < 0.2 * moved
    assert (tmp_path / "trajectory.svg").stat().st_size > 5_000
