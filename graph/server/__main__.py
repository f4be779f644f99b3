"""Builds the AOT cache of a home at the lowest priority: `python -m isthmus.graph.server HOME`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from isthmus.graph.server.aot_cache import make

if __name__ == "__main__":
    os.nice(19)
    make(Path(sys.argv[1]))
