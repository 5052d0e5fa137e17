"""The examples in the docstrings of the public functions run as they stand there."""

import doctest
import importlib

import pytest


@pytest.mark.parametrize(
    "module", ["conduction", "current_distribution.distribution", "growth", "impedance", "inventory"]
)
def test_examples(module):
    # globs: an example brings its own imports, so that it can be pasted
    found = doctest.testmod(importlib.import_module(f"phasefield.{module}"), globs={})
    assert found.attempted and not found.failed
