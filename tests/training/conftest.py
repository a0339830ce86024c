"""What the tests of training share."""

import pytest

from w2v.vocab import sampling


@pytest.fixture
def small_tables(monkeypatch):
    """Make the largest noise table of 2**17 entries, where a test needs the largest one."""
    monkeypatch.setattr(sampling, "_MAX_NOISE_ENTRIES", 2**17)
