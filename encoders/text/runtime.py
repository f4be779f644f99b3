"""Whether a model encodes faster as an ONNX graph of 8-bit integers on this machine.

`isthmus doctor` measures it once, on a fixed sample, and the home remembers which it chose: the
setting `encoder` then means the one chosen.
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

from isthmus.encoders.text.onnx import INT8, exported, is_installed, kept_graphs
from isthmus.errors import IsthmusError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from isthmus.encoders.text.encoder import TextEncoder
    from isthmus.settings import Settings

LIBRARIES = ("onnxruntime", "torch")
# Less is not worth vectors of another kind; or they differ too much.
LEAST_SPEED = 1.2
LEAST_AGREEMENT = 0.9
ROUNDS = 3
NEAREST = 10

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
    """How a model does as an ONNX graph of 8-bit integers, beside what it does by itself.

    Attributes:
        fingerprint: Of the model's files.
        libraries: Versions that were measured.
        speed: Texts a second over the model's own; 0 where it cannot be exported.
        agreement: Share of a text's ten nearest that are the same, over the sample.
        reason: Why it cannot be exported, or "".
    """

    fingerprint: str
    libraries: str
    speed: float = 0.0
    agreement: float = 0.0
    reason: str = ""

    @property
    def pays(self) -> bool:
        """Whether the graph is to encode."""
        return self.speed >= LEAST_SPEED and self.agreement >= LEAST_AGREEMENT


def with_chosen_encoder(settings: Settings) -> Settings:
    """The settings with the encoder as an ONNX graph, where the home remembers that this pays."""
    known = _remembered(settings.home).get(settings.encoder)
    if known is None or not known.pays or not is_installed():
        return settings
    return settings.model_copy(update={"encoder": settings.encoder + INT8})


def compare(encoder: TextEncoder, home: Path) -> Comparison:
    """Measures a model both ways, and chooses; what was measured once is not measured again.

    Args:
        encoder: The model by itself.
        home: Remembers the answer.
    """
    libraries = " ".join(f"{name} {version(name)}" for name in LIBRARIES)
    found = Comparison(encoder.fingerprint, libraries)
    remembered = _remembered(home)
    known = remembered.get(encoder.name)
    if known and (known.fingerprint, known.libraries) == (found.fingerprint, libraries):
        return known
    try:
        onnx = exported(encoder, home)
        speed, agreement = _measured(encoder, encoder.through(onnx))
        found = Comparison(encoder.fingerprint, libraries, speed, agreement)
        if not found.pays:
            shutil.rmtree(onnx.folder, ignore_errors=True)
    except IsthmusError as error:
        found = Comparison(encoder.fingerprint, libraries, reason=error.message)
    _remember(home, remembered | {encoder.name: found})
    return found


def _measured(plain: TextEncoder, onnx: TextEncoder) -> tuple[float, float]:
    """Speed and agreement; in turns and by the best round, as other work disturbs both."""
    encoders = (plain, onnx)
    vectors = [encoder.encode(SAMPLE, "passage") for encoder in encoders]
    seconds = [[_seconds(encoder) for encoder in encoders] for _ in range(ROUNDS)]
    by_plain, by_onnx = (min(times) for times in zip(*seconds, strict=True))
    nearest = zip(*(_nearest(some) for some in vectors), strict=True)
    same = [len(set(one) & set(other)) / NEAREST for one, other in nearest]
    return round(by_plain / by_onnx, 3), round(float(np.mean(same)), 3)


def _seconds(encoder: TextEncoder) -> float:
    start = time.perf_counter()
    encoder.encode(SAMPLE, "passage")
    return time.perf_counter() - start


def _nearest(vectors: NDArray[np.float32]) -> list[list[int]]:
    """The texts nearest to each, without itself."""
    similarities = vectors @ vectors.T
    np.fill_diagonal(similarities, -np.inf)
    nearest: list[list[int]] = np.argsort(-similarities, axis=1)[:, :NEAREST].tolist()
    return nearest


def _remembered(home: Path) -> dict[str, Comparison]:
    """What was found of each model, by its name."""
    try:
        known: dict[str, dict[str, Any]] = json.loads(_file(home).read_text("utf-8"))
        return {name: Comparison(**found) for name, found in known.items()}
    except (OSError, ValueError, TypeError):
        return {}


def _remember(home: Path, found: dict[str, Comparison]) -> None:
    file = _file(home)
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.write_text(json.dumps({name: asdict(one) for name, one in found.items()}), "utf-8")
    part.replace(file)


def _file(home: Path) -> Path:
    return kept_graphs(home) / "compared.json"
