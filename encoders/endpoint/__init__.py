"""Endpoints with OpenAI's protocol: consent, requests with retries, embeddings, chat."""

from isthmus.encoders.endpoint.chat import ChatReader
from isthmus.encoders.endpoint.embeddings import EmbeddingsClient
from isthmus.encoders.endpoint.endpoint import Endpoint, is_endpoint

__all__ = ["ChatReader", "EmbeddingsClient", "Endpoint", "is_endpoint"]
