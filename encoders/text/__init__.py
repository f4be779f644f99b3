"""Text encoders, on this machine or at an endpoint; model files, ONNX, the vector cache."""

from isthmus.encoders.text.batching import prefers_bfloat16
from isthmus.encoders.text.encoder import (
    LocalEncoder,
    find_encoder,
    load_encoder,
    load_local_encoder,
    silence_libraries,
)
from isthmus.encoders.text.endpoint_encoder import EndpointEncoder
from isthmus.encoders.text.model_files import find_local_model, model_folder
from isthmus.encoders.text.onnx import INT8, onnx_is_installed
from isthmus.encoders.text.runtime import (
    compare_runtimes,
    find_comparison,
    with_chosen_encoder,
)
from isthmus.encoders.text.text_encoder import Kind, TextEncoder, clean_text
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached, find_uncached

__all__ = [
    "INT8",
    "EndpointEncoder",
    "Kind",
    "LocalEncoder",
    "TextEncoder",
    "VectorCache",
    "clean_text",
    "compare_runtimes",
    "encode_cached",
    "find_comparison",
    "find_encoder",
    "find_local_model",
    "find_uncached",
    "load_encoder",
    "load_local_encoder",
    "model_folder",
    "onnx_is_installed",
    "prefers_bfloat16",
    "silence_libraries",
    "with_chosen_encoder",
]
