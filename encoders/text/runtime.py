"""Selects the faster runtime of a model on this machine: torch or an ONNX graph of 8-bit integers.

`isthmus doctor --compare-runtimes` measures both once on a fixed sample and stores the result in
the home; from then on the setting `encoder` stands for the selected runtime.
"""

from __future__ import annotations

import json
import shutil
import time
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from isthmus.encoders.text.onnx import INT8, export_onnx, onnx_folder, onnx_is_installed
from isthmus.errors import IsthmusError
from isthmus.files import make_folder, write_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.encoders.text.encoder import LocalEncoder
    from isthmus.settings import Settings

LIBRARIES = ("onnxruntime", "torch")
# Below this speed-up the change of vectors does not pay; below this agreement they differ too much.
MIN_SPEEDUP = 1.2
MIN_AGREEMENT = 0.9
ROUNDS = 3
NEIGHBOURS = 10

PHRASES = (
    "{}",
    "I am looking for a {} that my sister would enjoy, nothing too expensive.",
    "The {} was a disappointment: it broke after two weeks and nobody answered my letters.",
    "Handmade {}, gift box, limited edition (2 pieces)",
    "我想买一个关于{}的东西，送给朋友当生日礼物。",
    "这个{}太棒了，强烈推荐！",
)
THINGS = (
    *("historical novel", "science fiction film", "teapot", "chef's knife", "jazz record"),
    *("board game", "hiking rucksack", "garden chair", "children's book", "espresso machine"),
    *("历史小说", "科幻电影", "茶壶", "菜刀", "爵士唱片"),
    *("桌游", "登山包", "花园椅", "儿童读物", "咖啡机"),
)
SAMPLE = [phrase.format(thing) for phrase in PHRASES for thing in THINGS]


@dataclass(frozen=True)
class Comparison:
    """The ONNX graph of a model compared with the model in torch; stored as `compared.json`.

    Attributes:
        fingerprint: Fingerprint of the model.
        libraries: Names and versions of the measured libraries.
        speed: Texts per second of the graph divided by those of torch; 0 if the export failed.
        agreement: Share of a text's ten nearest texts that are the same, mean over the sample.
        reason: Error message of the failed export, or "".
    """

    fingerprint: str
    libraries: str
    speed: float = 0.0
    agreement: float = 0.0
    reason: str = ""

    @property
    def prefers_onnx(self) -> bool:
        """Whether the graph is clearly faster and its vectors are similar enough."""
        return self.speed >= MIN_SPEEDUP and self.agreement >= MIN_AGREEMENT


def with_chosen_encoder(settings: Settings) -> Settings:
    """Returns the settings with the ONNX graph as encoder, if the stored comparison prefers it."""
    known = _load_comparisons(settings.home).get(settings.encoder)
    if known is None or not known.prefers_onnx or not onnx_is_installed():
        return settings
    return settings.model_copy(update={"encoder": settings.encoder + INT8})


def compare_runtimes(encoder: LocalEncoder, home: Path) -> Comparison:
    """Compares a model in torch with its ONNX graph; stores the result and reuses it.

    The graph is deleted if the comparison does not prefer it.

    Args:
        encoder: The model in torch.
        home: The home folder that stores the result.
    """
    if known := find_comparison(encoder, home):
        return known
    libraries = _libraries()
    try:
        onnx = export_onnx(encoder, home)
        speed, agreement = _measure(encoder, encoder.with_onnx(onnx))
        comparison = Comparison(encoder.fingerprint, libraries, speed, agreement)
        if not comparison.prefers_onnx:
            shutil.rmtree(onnx.folder, ignore_errors=True)
    except IsthmusError as error:
        comparison = Comparison(encoder.fingerprint, libraries, reason=error.message)
    _save_comparisons(home, _load_comparisons(home) | {encoder.name: comparison})
    return comparison


def find_comparison(encoder: LocalEncoder, home: Path) -> Comparison | None:
    """Returns the stored comparison of a model, with these files and libraries; None without."""
    known = _load_comparisons(home).get(encoder.name)
    if known and (known.fingerprint, known.libraries) == (encoder.fingerprint, _libraries()):
        return known
    return None


def _libraries() -> str:
    return " ".join(f"{name} {version(name)}" for name in LIBRARIES)


def _measure(plain: LocalEncoder, onnx: LocalEncoder) -> tuple[float, float]:
    """Measures speed and agreement; takes the best of alternating rounds to reduce noise."""
    encoders = (plain, onnx)
    vectors = [encoder.encode(SAMPLE, "passage") for encoder in encoders]
    seconds = [[_time_encoding(encoder) for encoder in encoders] for _ in range(ROUNDS)]
    plain_seconds, onnx_seconds = (min(times) for times in zip(*seconds, strict=True))
    neighbours = zip(*(_find_neighbours(rows) for rows in vectors), strict=True)
    overlap = [len(set(one) & set(other)) / NEIGHBOURS for one, other in neighbours]
    return round(plain_seconds / onnx_seconds, 3), round(float(np.mean(overlap)), 3)


def _time_encoding(encoder: LocalEncoder) -> float:
    start = time.perf_counter()
    encoder.encode(SAMPLE, "passage")
    return time.perf_counter() - start


def _find_neighbours(vectors: NDArray[np.float32]) -> list[list[int]]:
    """Row numbers of the nearest other texts of each text."""
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    neighbours: list[list[int]] = np.argsort(-similarities, axis=1)[:, :NEIGHBOURS].tolist()
    return neighbours


def _load_comparisons(home: Path) -> dict[str, Comparison]:
    """Reads the stored comparisons by model name; empty if the file is missing or damaged."""
    try:
        stored: dict[str, dict[str, Any]] = json.loads(_comparisons_file(home).read_text("utf-8"))
        return {name: Comparison(**fields) for name, fields in stored.items()}
    except (OSError, ValueError, TypeError):
        return {}


def _save_comparisons(home: Path, comparisons: dict[str, Comparison]) -> None:
    file = _comparisons_file(home)
    make_folder(file.parent)
    document = {name: asdict(comparison) for name, comparison in comparisons.items()}
    write_file(file, json.dumps(document))


def _comparisons_file(home: Path) -> Path:
    return onnx_folder(home) / "compared.json"
