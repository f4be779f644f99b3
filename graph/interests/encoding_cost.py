"""What encoding costs: an estimate before a run, and the tokens that an endpoint counted."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from isthmus.encoders.text import (
    EndpointEncoder,
    Kind,
    TextEncoder,
    VectorCache,
    find_encoder,
    find_uncached,
)
from isthmus.graph.database import Graph, Row
from isthmus.graph.interests.embeddings import read_pages
from isthmus.graph.interests.encoder_versions import list_versions
from isthmus.graph.interests.text_words import TextWords
from isthmus.settings import Settings

logger = logging.getLogger("isthmus")

# About four characters of English are a token, and about one of Chinese, which has three bytes:
# https://help.openai.com/en/articles/4936856-what-are-tokens-and-how-to-count-them.
ASCII_PER_TOKEN, OTHER_BYTES_PER_TOKEN = 4, 3
TOKENS_PER_PRICE = 1_000_000


@dataclass(frozen=True)
class EncodingEstimate:
    """What `isthmus encode` would encode: what neither the graph nor the vector cache has.

    Interests are not counted: their names are known only after the items are encoded.

    Attributes:
        items: Number of distinct titles with their descriptions.
        texts: Number of distinct texts of users.
        characters: Number of characters, prefixes included.
        tokens: Estimated number of tokens.
        cost: Estimated cost in USD; None for a model on this machine or without a price.
    """

    items: int
    texts: int
    characters: int
    tokens: int
    cost: float | None

    def document(self) -> dict[str, object]:
        """The estimate as `--json` prints it."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def text(self) -> str:
        """The estimate as a sentence."""
        cost = "" if self.cost is None else f", about {self.cost:,.4f} USD"
        return (
            f"{self.items:,} items and {self.texts:,} texts would be encoded: "
            f"{self.characters:,} characters, about {self.tokens:,} tokens{cost}"
        )


def estimate_encoding(graph: Graph, settings: Settings) -> EncodingEstimate:
    """Estimates what `encode` would do; sends nothing and writes neither vectors nor nodes.

    Args:
        graph: The graph.
        settings: `encoder`, `home` for its files and the vector cache, `endpoint_price`.

    Raises:
        IsthmusError: The encoder or the vector cache cannot be read.
    """
    encoder = find_encoder(settings.encoder, settings.home, settings.threads, settings)
    cache = VectorCache(settings.home / "vectors")
    version = _known_version(graph, encoder)
    kinds: tuple[tuple[Kind, Iterator[list[Row]]], ...] = (
        ("passage", read_pages(graph, "encode/items_without_embedding", version=version)),
        ("query", _pages_of_texts(graph, version)),
    )
    counts = {"passage": 0, "query": 0}
    characters = tokens = 0
    seen: set[bytes] = set()
    for kind, pages in kinds:
        for page in pages:
            found = find_uncached(encoder, cache, [row["text"] for row in page], kind)
            new = [text for key, text in found.items() if key not in seen]
            seen |= found.keys()
            counts[kind] += len(new)
            characters += sum(map(len, new))
            tokens += sum(map(estimate_tokens, new))
    cost = _cost(tokens, settings) if isinstance(encoder, EndpointEncoder) else None
    return EncodingEstimate(counts["passage"], counts["query"], characters, tokens, cost)


def report_usage(encoder: TextEncoder, settings: Settings) -> dict[str, float | None]:
    """Logs what an endpoint has counted for an encoder in this run.

    Args:
        encoder: The encoder of the run.
        settings: `endpoint_price`.

    Returns:
        `tokens`, and `cost` in USD, each None if unknown; nothing for a model on this machine.
    """
    if not isinstance(encoder, EndpointEncoder):
        return {}
    host, tokens = encoder.endpoint.host, encoder.client.tokens
    if tokens is None:
        logger.info("%s does not report how many tokens it used.", host)
        return {"tokens": None, "cost": None}
    cost = _cost(tokens, settings)
    price = "" if cost is None else f", {cost:,.4f} USD"
    logger.info("%s used %s tokens%s.", host, f"{tokens:,}", price)
    return {"tokens": tokens, "cost": cost}


def estimate_tokens(text: str) -> int:
    """Estimates the tokens of a text from its characters, at least 1."""
    letters = len(text.encode())
    ascii_letters = sum(map(str.isascii, text))
    others = letters - ascii_letters
    return max(1, round(ascii_letters / ASCII_PER_TOKEN + others / OTHER_BYTES_PER_TOKEN))


def _cost(tokens: int, settings: Settings) -> float | None:
    """Cost in USD; None without the setting `endpoint_price`."""
    if settings.endpoint_price is None:
        return None
    return round(tokens * settings.endpoint_price / TOKENS_PER_PRICE, 6)


def _known_version(graph: Graph, encoder: TextEncoder) -> int | None:
    """Number of the encoder's version; None if nothing was encoded with it yet."""
    if not encoder.is_known:
        return None
    for row in list_versions(graph):
        if (row["name"], row["fingerprint"]) == (encoder.lasting_name, encoder.fingerprint):
            return int(row["version"])
    return None


def _pages_of_texts(graph: Graph, version: int | None) -> Iterator[list[Row]]:
    """Reads the texts without a vector, page by page, that have words."""
    words = TextWords(graph)
    for page in read_pages(graph, "encode/texts_without_embedding", version=version):
        words.attach(page)
        yield [row for row in page if row["text"] is not None]
