"""Checks of arguments and of optional packages."""

import sys
import types

import pytest

from w2v._validation import require_list, require_package


def test_a_single_string_is_not_a_list():
    with pytest.raises(TypeError, match=r"^words='king' is a single string: expected a list of wo"):
        require_list("words", "king")
    with pytest.raises(
        TypeError, match=r"^labels='a{40}' is a single string: expected a list of x"
    ):
        require_list("labels", "a" * 50, of="x")
    require_list("words", ["king"])


@pytest.fixture
def library(monkeypatch):
    module = types.ModuleType("library")
    monkeypatch.setitem(sys.modules, "library", module)
    return module


@pytest.mark.parametrize("version", ["2.10", "2.9", "3", "2.9.0", "2.9rc1", "2.9+cpu"])
def test_a_new_enough_package_is_imported(library, version):
    library.__version__ = version
    assert require_package("library", "w2v[extra]", "a test", "2.9") is library


@pytest.mark.parametrize("version", ["2.8.9", "1.99", "2"])
def test_a_package_that_is_too_old_is_reported(library, version):
    library.__version__ = version
    message = rf"^a test needs library 2.9 or newer, but {version} is installed: pip install --up"
    with pytest.raises(ImportError, match=message):
        require_package("library", "w2v[extra]", "a test", "2.9")


def test_a_missing_package_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "library", None)
    with pytest.raises(ImportError, match=r"^a test needs library: pip install 'w2v\[extra\]'"):
        require_package("library", "w2v[extra]", "a test")
