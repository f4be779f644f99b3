"""A command `isthmus` that writes down its arguments and ends with exit codes as wanted."""

from __future__ import annotations

import importlib.util
import json
import os
import shlex
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SCRIPT = """#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
with (folder / "calls").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
name = " ".join(sys.argv[1:3]) if sys.argv[1] == "generations" else sys.argv[1]
answers = json.loads((folder / "answers").read_text())
code, document = (answers.get(name) or [[0, {{}}]]).pop(0)
(folder / "answers").write_text(json.dumps(answers))
print(json.dumps(document))
sys.exit(code)
"""


class Stub:
    """The command, first in the PATH.

    Args:
        folder: An empty folder.
        monkeypatch: Sets the PATH.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        command = folder / "isthmus"
        command.write_text(SCRIPT.format(python=sys.executable, folder=str(folder)))
        command.chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
        self.answer({})

    def answer(self, answers: dict[str, list[tuple[int, Any]]]) -> None:
        """Sets exit codes and documents by command, in the order of its calls."""
        (self.folder / "answers").write_text(json.dumps(answers))
        (self.folder / "calls").write_text("")

    def calls(self) -> list[str]:
        """Returns the command lines since `answer`, and forgets them."""
        lines = (self.folder / "calls").read_text().splitlines()
        (self.folder / "calls").write_text("")
        return [shlex.join(json.loads(line)) for line in lines]


def load_example(name: str) -> ModuleType:
    """Returns a file of the folder of examples as a module."""
    path = EXAMPLES / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module
