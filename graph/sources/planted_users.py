"""The named users of the synthetic dataset."""

from __future__ import annotations

from dataclasses import dataclass

from isthmus.graph.sources.planted_texts import Kind


@dataclass(frozen=True)
class Person:
    """A named user with a clear taste.

    Attributes:
        taste: Description of the taste.
        likes: Interest, domain and number of the liked items.
        dislikes: Interest, domain and number of the disliked items.
        texts: Texts that the user wrote: text, kind, and interest and domain that it is about.
    """

    taste: str
    likes: tuple[tuple[str, str, int], ...]
    dislikes: tuple[tuple[str, str, int], ...]
    texts: tuple[tuple[str, Kind, str, str], ...]


PEOPLE = {
    "lin": Person(
        "reads Chinese historical novels, known in books only",
        (("chinese_history", "books", 14),),
        (),
        (
            ("我喜欢阅读历史小说。", "praise", "chinese_history", "books"),
            ("明朝的故事怎么读都读不够。", "praise", "chinese_history", "books"),
        ),
    ),
    "ana": Person(
        "reads science fiction, known in books only",
        (("science_fiction", "books", 14),),
        (),
        (
            (
                "I love science fiction: starships, far colonies, first contact.",
                "praise",
                "science_fiction",
                "books",
            ),
        ),
    ),
    "wei": Person(
        "cooks, travels outdoors and cannot stand horror, known in films and goods",
        (("cooking", "films", 7), ("cooking", "goods", 5), ("outdoors", "films", 7)),
        (("horror", "films", 4),),
        (
            ("周末最喜欢做饭和看美食纪录片。", "praise", "cooking", "films"),
            ("I cannot stand horror films.", "complaint", "horror", "films"),
        ),
    ),
}
