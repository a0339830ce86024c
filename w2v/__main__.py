"""``python -m w2v`` is the same as ``w2v``."""

import sys

from w2v.cli import main

if __name__ == "__main__":
    sys.exit(main())
