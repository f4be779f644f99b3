"""Checks of the encoder and of the runtime that runs it, for `isthmus doctor`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from isthmus.encoders.endpoint import is_endpoint
from isthmus.encoders.text import (
    INT8,
    compare_runtimes,
    find_comparison,
    find_local_model,
    onnx_is_installed,
    with_chosen_encoder,
)
from isthmus.errors import IsthmusError
from isthmus.graph.operations.check import Check
from isthmus.settings import Settings

if TYPE_CHECKING:
    from isthmus.encoders.text import LocalEncoder

COMPARE = "`isthmus doctor --compare-runtimes`"


def check_encoder(settings: Settings, compare: bool) -> Iterator[Check]:
    """Checks that the encoder loads, and its runtime."""
    from isthmus.encoders.text import load_encoder, load_local_encoder

    name = settings.encoder.removesuffix(INT8)
    try:
        if is_endpoint(name):
            remote = load_encoder(name, settings.home, settings.threads, settings)
            found = f"{name}: {remote.dimensions} dimensions, {remote.runtime}."
            yield Check("encoder", True, found)
            return
        if find_local_model(name, settings.home) is None:
            found = f"{name} is not on this machine yet; it is downloaded when first used."
            yield Check("encoder", True, found, "Run `isthmus encode` after `isthmus ingest`.")
            return
        encoder = load_local_encoder(name, settings.home, settings.threads, settings)
        found = f"{name} in {encoder.folder}: {encoder.dimensions} dimensions, {encoder.runtime}."
    except IsthmusError as error:
        yield Check("encoder", False, error.message, error.advice)
        return
    yield Check("encoder", True, found)
    yield _check_runtime(encoder, settings, compare)


def _check_runtime(encoder: LocalEncoder, settings: Settings, compare: bool) -> Check:
    if not encoder.on_cpu:
        return Check("runtime", True, f"{encoder.runtime}.")
    if not onnx_is_installed():
        advice = f"To test if int8 is faster: `pip install 'isthmus[onnx]'`, then {COMPARE}."
        return Check("runtime", True, f"{encoder.runtime}; onnxruntime is not installed.", advice)
    find = compare_runtimes if compare else find_comparison
    comparison = find(encoder, settings.home)
    if comparison is None:
        found = f"{encoder.runtime}; not compared with an 8-bit ONNX graph on this machine yet."
        return Check("runtime", True, found, f"{COMPARE} does, in minutes, and selects the faster.")
    if comparison.reason:
        return Check("runtime", True, f"{encoder.runtime}. {comparison.reason}")
    encoder_settings = settings.model_copy(update={"encoder": encoder.name})
    selected = with_chosen_encoder(encoder_settings).encoder
    found = (
        f"ONNX int8 encodes {comparison.speed:.2f} times as many texts per second as "
        f"{encoder.runtime}, and {comparison.agreement:.0%} of the ten nearest neighbours of a "
        f"text are the same: {selected} is used."
    )
    return Check("runtime", True, found)
