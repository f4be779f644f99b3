"""Text encoders: model files, batching, ONNX, the vector cache."""

from isthmus.encoders.text.batching import prefers_bfloat16
from isthmus.encoders.text.encoder import (
    Kind,
    TextEncoder,
    clean_text,
    load_encoder,
    silence_libraries,
)
from isthmus.encoders.text.model_files import find_local_model, model_folder
from isthmus.encoders.text.onnx import INT8, onnx_is_installed
from isthmus.encoders.text.runtime import compare_runtimes, with_chosen_encoder
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached

__all__ = [
    "INT8",
    "Kind",
    "TextEncoder",
    "VectorCache",
    "clean_text",
    "compare_runtimes",
    "encode_cached",
    "find_local_model",
    "load_encoder",
    "model_folder",
    "onnx_is_installed",
    "prefers_bfloat16",
    "silence_libraries",
    "with_chosen_encoder",
]
