"""Prefixes that a model expects before texts of users and before items.

The settings `query_prefix` and `passage_prefix` come first, then the model's own prompts, then the
table of families, whose models do not all declare what their cards ask for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.encoders.text.text_encoder import Kind
    from isthmus.settings import Settings

# The task of the cards for retrieval, also the prompt `query` that Qwen3-Embedding declares.
TASK = "Given a web search query, retrieve relevant passages that answer the query"
INSTRUCT = f"Instruct: {TASK}\nQuery: "


@dataclass(frozen=True)
class Family:
    """Models with the same prefixes.

    Attributes:
        pattern: Regular expression for the start of a model's name in lower case, without its
            owner.
        query: Prefix of what users write.
        passage: Prefix of items.
    """

    pattern: str
    query: str
    passage: str = ""


FAMILIES = (
    # https://huggingface.co/Qwen/Qwen3-Embedding-0.6B: no space after "Query:".
    Family(r"qwen3-embedding", INSTRUCT.rstrip()),
    # https://huggingface.co/Alibaba-NLP/gte-Qwen2-7B-instruct
    Family(r"gte-qwen[\d.]+-.*instruct", INSTRUCT),
    # https://huggingface.co/intfloat/e5-mistral-7b-instruct and, likewise,
    # https://huggingface.co/intfloat/multilingual-e5-large-instruct
    Family(r"(.*[-_.])?e5([-_.].*)?instruct", INSTRUCT),
    # https://huggingface.co/Salesforce/SFR-Embedding-Mistral
    Family(r"sfr-embedding-(mistral|2_r)", INSTRUCT),
    # https://huggingface.co/Linq-AI-Research/Linq-Embed-Mistral
    Family(r"linq-embed-mistral", INSTRUCT),
    # https://huggingface.co/nvidia/NV-Embed-v2
    Family(r"nv-embed-v[12]", INSTRUCT),
    # https://huggingface.co/BAAI/bge-multilingual-gemma2 and, likewise,
    # https://huggingface.co/BAAI/bge-en-icl
    Family(r"bge-(multilingual-gemma2|en-icl)", f"<instruct>{TASK}\n<query>"),
    # https://huggingface.co/nomic-ai/nomic-embed-text-v1.5
    Family(r"nomic-embed-text", "search_query: ", "search_document: "),
    # https://huggingface.co/google/embeddinggemma-300m
    Family(r"embeddinggemma", "task: search result | query: ", "title: none | text: "),
    # Wang et al. 2022, arXiv:2212.03533, section 4.3
    Family(r"(.*[-_.])?e5([-_.]|$)", "query: ", "passage: "),
)


def model_prefixes(name: str, prompts: dict[str, Any]) -> dict[Kind, str]:
    """Returns the prefix that a model expects before each kind of text.

    The model's own prompts, if it has any; else those of its family; else "".

    Args:
        name: Name or folder of the model.
        prompts: Prompts that the model declares, by name.
    """
    query = prompts.get("query") or ""
    passage = next(filter(None, map(prompts.get, ("passage", "document", "corpus"))), "")
    if not (query or passage):
        base_name = name.rstrip("/").rsplit("/", 1)[-1].lower()
        for family in FAMILIES:
            if re.match(family.pattern, base_name):
                return {"query": family.query, "passage": family.passage}
    return {"query": query, "passage": passage}


def with_set_prefixes(prefixes: dict[Kind, str], settings: Settings) -> dict[Kind, str]:
    """Returns the prefixes with those that the settings name in place of the model's."""
    query, passage = settings.query_prefix, settings.passage_prefix
    return {
        "query": prefixes["query"] if query is None else query,
        "passage": prefixes["passage"] if passage is None else passage,
    }
