"""Writes the text space of the default encoder that comes with isthmus.

python -m isthmus.encoders.topics

Run it after a change of sentences.csv, subjects.csv or cues.toml.
"""

from __future__ import annotations

from pathlib import Path

from isthmus.encoders.text import VectorCache, load_encoder
from isthmus.encoders.topics.text_space import file_name, fit_text_space, save_text_space
from isthmus.settings import load_settings


def main() -> None:
    """Learns the text space and replaces the file of the one before."""
    settings = load_settings()
    encoder = load_encoder(settings.encoder, settings.home, settings.threads, settings)
    folder = Path(__file__).parent
    space = fit_text_space(encoder, VectorCache(settings.home / "vectors"))
    for old in folder.glob("space-*.npz"):
        old.unlink()
    save_text_space(space, folder / file_name(encoder))


if __name__ == "__main__":
    main()
