"""A session: the graph, its recommendations, arrays and tables, from Python."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Self, cast

from isthmus.api.reading import GraphReader
from isthmus.errors import InputError
from isthmus.spelling import spell_id, spell_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from isthmus.api.documents import Answer, Recorded, RecordedText, UserInterest
    from isthmus.encoders.text import TextEncoder
    from isthmus.gnn.baselines import Model
    from isthmus.graph.database import Graph, Row
    from isthmus.graph.filters import Filter
    from isthmus.graph.serving import Searched
    from isthmus.settings import Settings

MAX_ITEMS = 1_000
"""Largest number of items in an answer."""


class Session(GraphReader):
    """An open graph; opened by `connect`.

    Every function that fails for a reason that its caller can mend raises an `IsthmusError`, whose
    `message` and `advice` are sentences.

    Attributes:
        settings: The settings.

    Args:
        settings: Address or home, and what the commands are set to.
        options: Options of the driver, such as the size of its pool; None for its own.
    """

    def __init__(self, settings: Settings, options: Row | None = None) -> None:
        from isthmus.encoders.text import with_chosen_encoder
        from isthmus.files import private_umask
        from isthmus.graph.database import connect

        self._stack = ExitStack()
        self._texts = threading.Lock()  # tokenizers are for one thread at a time
        self._encoder: TextEncoder | None = None
        self.settings = with_chosen_encoder(settings)
        with private_umask():
            graph = self._stack.enter_context(connect(self.settings, options=options))
        self._graph: Graph | None = graph

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the connection; isthmus's own server goes on running, as after a command."""
        self._graph = None
        self._stack.close()

    @property
    def graph(self) -> Graph:
        """The connection, for what this class does not have.

        Raises:
            InputError: The session is closed.
        """
        if self._graph is None:
            raise InputError("The session is closed.", "Open another one by isthmus.connect().")
        return self._graph

    def recommend(
        self,
        user: str,
        domain: str,
        n: int = 10,
        *,
        filter: Filter | None = None,  # noqa: A002 - the word of the field
        paths: bool = False,
        reasons: bool = False,
        language: str | None = None,
    ) -> Answer:
        """Recommends items of a domain that a user has no interaction with.

        Args:
            user: Id of the user.
            domain: Name of the domain.
            n: Maximum number of items, 1 to 1000.
            filter: What the items are restricted to.
            paths: Whether each item has the paths that its score is the sum of.
            reasons: Whether each item has sentences on why it is recommended.
            language: Of the reasons, as for `explain`.

        Raises:
            NotFound: The user or domain does not exist; the advice names similar ones.
            InputError: The filter is wrong.
        """
        from isthmus.graph.explain import recommend_with_reasons
        from isthmus.graph.serving import recommend_for_user

        user, domain, n = spell_id(user), spell_id(domain), _checked_count(n)
        if reasons:
            answer = recommend_with_reasons(
                self.graph, user, domain, n, self.settings, language, filter
            )
        else:
            answer = recommend_for_user(
                self.graph, user, domain, n, self.settings, paths, filter=filter
            )
        return cast("Answer", answer if paths else _without_paths(answer))

    def recommend_text(
        self,
        text: str,
        domain: str,
        n: int = 10,
        *,
        filter: Filter | None = None,  # noqa: A002 - as for users
        paths: bool = False,
        reasons: bool = False,
        language: str | None = None,
    ) -> Answer:
        """Recommends items of a domain for a text whose writer is not in the graph.

        Args:
            text: What somebody wrote, in any language; nothing of it is stored.
            domain: Name of the domain.
            n: Maximum number of items, 1 to 1000.
            filter: What the items are restricted to.
            paths: Whether each item has the paths that its score is the sum of.
            reasons: Whether each item has sentences on why it is recommended.
            language: Of the reasons, `en` or `zh`; None for that of the text.

        Raises:
            NotFound: The domain does not exist.
            InputError: The text is empty, or the filter is wrong.
        """
        from isthmus.graph.explain import explain_text_answer
        from isthmus.graph.serving import recommend_for_text

        text, domain, n = spell_text(text), spell_id(domain), _checked_count(n)
        with self._texts:
            encoder, cache = self._text_encoder()
            answer = recommend_for_text(self.graph, encoder, cache, text, domain, n, filter)
        if reasons:
            answer = explain_text_answer(self.graph, answer, text, language)
        return cast("Answer", answer if paths else _without_paths(answer))

    def explain(self, user: str, domain: str, item: str, language: str | None = None) -> Row:
        """Explains the place of one item for a user: why it is there, or why it is not.

        Args:
            user: Id of the user.
            domain: Name of the domain.
            item: Id of the item, or its title if no other item of the domain has it.
            language: `en` or `zh`; None for that of the user's texts or of the settings.

        Returns:
            The document of `isthmus explain --json`.

        Raises:
            NotFound: The user, domain or item does not exist; the advice names similar titles.
            InputError: Several items have the title.
        """
        from isthmus.graph.explain import explain_item

        user, domain, item = spell_id(user), spell_id(domain), spell_id(item)
        return explain_item(self.graph, user, domain, item, self.settings, language)

    def feedback(
        self,
        user: str,
        domain: str,
        item: str,
        like: bool = True,
        *,
        weight: float = 1.0,
        event_id: str | None = None,
    ) -> Recorded:
        """Records that a user liked or disliked an item just now; the next answer uses it.

        Args:
            user: Id of the user, who is created if necessary.
            domain: Domain of the item.
            item: Id of the item.
            like: False for a dislike.
            weight: Strength of it, above 0.
            event_id: Idempotency key: events with the same id count once.

        Raises:
            NotFound: The item does not exist.
            InputError: A value is invalid.
        """
        from isthmus.graph.events import record_interaction

        if not weight > 0:
            raise InputError(f"The weight is {weight}, not above 0.", "For a dislike: like=False.")
        done = record_interaction(
            self.graph,
            spell_id(user),
            spell_id(domain),
            spell_id(item),
            self.settings,
            weight if like else -weight,
            event_id,
        )
        return cast("Recorded", done)

    def feedback_text(self, user: str, text: str, *, event_id: str | None = None) -> RecordedText:
        """Records a text that a user wrote just now; the next answer uses it.

        The graph keeps its embedding and what it is about, and the words only with the setting
        `keep_text`.

        Args:
            user: Id of the user, who is created if necessary.
            text: The words, in any language.
            event_id: Idempotency key: texts and interactions with the same id count once.

        Raises:
            InputError: A value is invalid, or nothing is encoded yet.
        """
        from isthmus.graph.events import record_text

        user, text = spell_id(user), spell_text(text)
        with self._texts:
            encoder, _ = self._text_encoder()
            done = record_text(self.graph, encoder, user, text, self.settings, event_id)
        return cast("RecordedText", done)

    def interests(self, user: str, language: str = "en") -> list[UserInterest]:
        """Returns the interests of a user, strongest first.

        Args:
            user: Id of the user.
            language: Language of the names, for interests that have one in it.

        Raises:
            NotFound: The user does not exist.
        """
        from isthmus.graph.interests import interests_of_users
        from isthmus.graph.serving import check_user

        user = spell_id(user)
        found = interests_of_users(self.graph, [user], language).get(user)
        if found is None:
            check_user(self.graph, user)
        return cast("list[UserInterest]", found or [])

    def related(
        self, domain: str, item: str, n: int = 10, *, target: str | None = None
    ) -> list[Row]:
        """Returns the items to which the learned edges of an item lead, strongest first.

        Args:
            domain: Domain of the item.
            item: Id of the item.
            n: Maximum number of items, 1 to 1000.
            target: Domain of the related items; None for that of the item, in which they are what
                is liked together with it.

        Returns:
            Rows of `domain`, `item_id`, `title` and `weight`.

        Raises:
            NotFound: A domain or the item does not exist.
        """
        from isthmus.graph.serving import related_items

        target = None if target is None else spell_id(target)
        domain, item = spell_id(domain), spell_id(item)
        return related_items(self.graph, domain, item, _checked_count(n), target)

    def search(
        self, words: str, kind: Searched = "items", n: int = 10, *, domain: str | None = None
    ) -> list[Row]:
        """Finds items by words of their titles, users by their ids, or interests by their names.

        Args:
            words: What was typed; the last word of a title, and an id, may be unfinished.
            kind: `items`, `users` or `interests`.
            n: Maximum number of results, 1 to 1000.
            domain: Domain of the items; None for all.

        Raises:
            NotFound: The domain does not exist.
        """
        from isthmus.graph.serving import search

        domain = None if domain is None else spell_id(domain)
        return search(self.graph, kind, spell_text(words), _checked_count(n), domain)

    def evaluate(
        self,
        dataset: str | Path,
        models: Sequence[str | type[Model]] = ("transfer", "popularity"),
        target: str | None = None,
        *,
        fold: int = 0,
        encoder: str | Path | None = None,
    ) -> list[dict[str, Any]]:
        """Evaluates models as `isthmus.evaluate` does, with the settings of this session."""
        from isthmus.api.evaluation import evaluate_with

        return evaluate_with(self.settings, dataset, models, target, fold, encoder)

    def prepare_texts(self) -> None:
        """Loads the encoder now, so that the first text does not wait for it."""
        with self._texts:
            encoder, _ = self._text_encoder()
            encoder.encode(["isthmus"], "query")

    def _text_encoder(self) -> tuple[TextEncoder, Any]:
        """Returns the encoder of the active version, which is loaded once, and its cache."""
        from isthmus.encoders.text import VectorCache
        from isthmus.graph.interests import active_encoder, active_version

        active = active_version(self.graph)
        loaded = self._encoder
        if loaded is None or (active and active.fingerprint != loaded.fingerprint):
            self._encoder = loaded = active_encoder(self.graph, self.settings)
        return loaded, VectorCache(self.settings.home / "vectors")


def _without_paths(answer: Row) -> Row:
    return {**answer, "items": [item | {"paths": []} for item in answer["items"]]}


def _checked_count(n: int) -> int:
    """Returns a number of items.

    Raises:
        InputError: It is not between 1 and MAX_ITEMS.
    """
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_ITEMS:
        raise InputError(f"n is {n!r}.", f"Give a whole number from 1 to {MAX_ITEMS}.")
    return n
