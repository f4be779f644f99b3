"""The lock files of the Python packages: complete, hashed, and within the ranges of the project."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[3]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
BASE, DEV = "requirements.lock", "requirements-dev.lock"


def locked(name: str) -> dict[str, set[str]]:
    """The versions of each package, which may differ by platform; each has hashes."""
    entries = re.split(r"\n(?=\S)", (ROOT / name).read_text("utf-8").strip())
    versions: dict[str, set[str]] = {}
    for entry in entries:
        assert "--hash=sha256:" in entry, entry
        requirement = Requirement(entry.split("\\")[0])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        versions.setdefault(canonicalize_name(requirement.name), set()).add(pin.version)
    return versions


@pytest.mark.parametrize(
    ("name", "ranges"),
    [
        (BASE, PROJECT["dependencies"]),
        (
            DEV,
            [
                *PROJECT["dependencies"],
                *(line for extra in EXTRAS if extra != "ray" for line in EXTRAS[extra]),
            ],
        ),
    ],
)
def test_every_dependency_is_locked_within_its_range(name: str, ranges: list[str]) -> None:
    versions = locked(name)
    for requirement in map(Requirement, ranges):
        if requirement.name == PROJECT["name"]:
            continue
        found = versions[canonicalize_name(requirement.name)]
        assert all(requirement.specifier.contains(version) for version in found), requirement


def test_both_files_lock_the_same_versions() -> None:
    base, dev = locked(BASE), locked(DEV)
    assert {name: dev[name] for name in base} == base


def test_what_only_training_tests_and_plots_need_is_no_part_of_the_base() -> None:
    base = locked(BASE)
    for name in ("datasets", "pandas", "peft", "pytest", "matplotlib", "onnx", "openai"):
        assert name not in base


def test_the_files_name_no_address() -> None:
    for name in (BASE, DEV):
        assert "://" not in (ROOT / name).read_text("utf-8")
