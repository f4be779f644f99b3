"""The interests of users, as they are derived now."""

from __future__ import annotations

from collections.abc import Sequence

from isthmus.graph.database import Graph, Row

INTEREST_FIELDS = (
    *("interest", "name", "weight", "written", "likes", "dislikes", "texts"),
    *("first_at", "last_at"),
)


def interests_of_users(
    graph: Graph, users: Sequence[str], language: str = "en"
) -> dict[str, list[Row]]:
    """Returns the interests of some users, strongest first.

    Args:
        graph: The graph.
        users: Ids of the users.
        language: Language of the names, for interests that have one in it.

    Returns:
        Rows of `INTEREST_FIELDS`, by user that exists.
    """
    rows = graph.read("interests/of_users", users=list(users), language=language)
    return {
        row["user"]: [{name: each[name] for name in INTEREST_FIELDS} for each in row["interests"]]
        for row in rows
    }
