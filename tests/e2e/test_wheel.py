"""The wheel: it puts one name into an environment, and brings all files that the product reads."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINKED = ("cypher", "encoders", "gnn", "graph", "scripts", "workflows")
SPACES = [*(ROOT / "encoders" / "topics").glob("space-*.npz")]
DATA = (
    "isthmus/cypher/recommend/for_user.cypher",
    "isthmus/cypher/migrations/V0001__user_id.cypher",
    "isthmus/encoders/topics/cues.toml",
    "isthmus/encoders/topics/sentences.csv",
    "isthmus/encoders/topics/subjects.csv",
    *(f"isthmus/encoders/topics/{path.name}" for path in SPACES),
    "isthmus/encoders/training/bundled_pairs.csv",
    "isthmus/graph/explain/wording.toml",
    "isthmus/graph/operations/report.css",
    "isthmus/graph/operations/report.html.j2",
    *(f"isthmus/graph/report/{name}" for name in ("page.css", "page.html.j2", "page.js")),
    "isthmus/graph/server/neo4j.lock",
    "isthmus/graph/sources/category_names.toml",
    "isthmus/graph/sources/cues.toml",
    "isthmus/graph/sources/sentences.toml",
    "isthmus/graph/sources/synthetic.toml",
    *(
        f"isthmus/{folder}/{path.name}"
        for folder in ("page_files", "service/explorer")
        for path in (ROOT / "isthmus" / folder).iterdir()
    ),
    "isthmus/py.typed",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel that is built from a source distribution, as an index would serve both."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    return wheel


def test_a_wheel_holds_every_module_and_every_file_that_the_product_reads(built: Path) -> None:
    with zipfile.ZipFile(built) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {
        f"isthmus/{path.relative_to(ROOT).as_posix()}"
        for folder in LINKED
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".cypher")
    }
    files |= {path.relative_to(ROOT).as_posix() for path in (ROOT / "isthmus").glob("*.py")}
    files |= {
        path.relative_to(ROOT).as_posix()
        for room in ("api", "scheduling", "service")
        for path in (ROOT / "isthmus" / room).glob("*.py")
    }
    assert held - set(DATA) == files - set(DATA)
    assert set(DATA) <= held


def test_an_environment_gets_the_one_name_isthmus(built: Path, tmp_path: Path) -> None:
    make = [sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")]
    subprocess.run(make, check=True)
    python = tmp_path / "venv" / "bin" / "python"
    (site,) = (tmp_path / "venv" / "lib").glob("python*/site-packages")
    before = {path.name for path in site.iterdir()}
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install"]
    install = [*pip, "--quiet", "--no-deps", "--no-index", str(built)]
    subprocess.run(install, check=True)
    new = {path.name for path in site.iterdir()} - before
    assert {name for name in new if not name.endswith(".dist-info")} == {"isthmus"}
    assert (tmp_path / "venv" / "bin" / "isthmus").exists()
    found = subprocess.run(
        [str(python), "-P", "-c", "import isthmus.errors as e; print(e.__file__)"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert Path(found.stdout.strip()) == site / "isthmus" / "errors.py"
