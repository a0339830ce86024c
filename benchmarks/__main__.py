"""``python -m benchmarks``, from a checkout, measures the w2v that is installed."""

import os
import sys

# `python -m` searches the checkout first. Its folder w2v holds no compiled modules and would hide
# the installed package.
if os.path.realpath(sys.path[0]) == os.path.dirname(os.path.dirname(os.path.realpath(__file__))):
    del sys.path[0]

from benchmarks.cli import main

if __name__ == "__main__":
    sys.exit(main())
