"""Collects what the report shows, as one document."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from isthmus.errors import InputError, NothingToDo
from isthmus.graph.explain import recommend_with_reasons
from isthmus.graph.operations import check_data_quality
from isthmus.graph.serving import CLIENTS, rank_items, recent_interactions
from isthmus.progress import progress

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.graph.database import Graph, Row
    from isthmus.settings import Settings

MONTHS = 24
"""Months before the newest interaction of which interests are counted."""
RECENT_MONTHS = 3
"""The last months, which are compared with those before to tell what rises."""
MIN_RECENT_LIKES = 10
MAX_INTERESTS = 300
SHOWN_INTERESTS = 12
EXAMPLE_PEOPLE = 2
EXAMPLE_ITEMS = 5
SAMPLED_ANSWERS = 400
"""Answers of ten items that coverage and concentration are measured on, over all domains."""


def collect_report(
    graph: Graph,
    settings: Settings,
    people: Sequence[str] = (),
    evaluations: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """Collects the report.

    Args:
        graph: The graph.
        settings: The settings of recommendations.
        people: Ids of the users that are shown; without any, two with a long history.
        evaluations: Result documents of `isthmus evaluate`, whose models are compared.

    Raises:
        InputError: A user does not exist.
        NothingToDo: The graph is empty.
    """
    contents = graph.read("admin/contents")[0]
    if not contents["items"]:
        raise NothingToDo(
            "The graph is empty: there is nothing to report.", "Run `isthmus ingest`."
        )
    steps = ("graph", "interests", "people", "recommendations", "generations", "data quality")
    with progress("report", len(steps), "sections") as advance:
        domains = graph.read("report/domains")
        document: dict[str, Any] = {
            "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
            "contents": contents,
            "domains": domains,
            "months": graph.read("report/months"),
            "overlap": graph.read("insight/domain_overlap", k=1),
            "transfers": graph.read("report/domain_transfers"),
        }
        advance(1, steps[0])
        document["interests"] = _interests(graph)
        advance(1, steps[1])
        names = [row["domain"] for row in domains]
        document["people"] = [
            _person(graph, user, names, settings) for user in people or _example_people(graph)
        ]
        advance(1, steps[2])
        document["recommended"] = _recommended(graph, domains, settings)
        advance(1, steps[3])
        document["generations"] = [
            row | {"metrics": json.loads(row["metrics"] or "{}")}
            for row in graph.read("generations/list", refused=True)
        ]
        document["evaluations"] = [_models(evaluation) for evaluation in evaluations]
        advance(1, steps[4])
        document["data_quality"] = [check.document() for check in check_data_quality(settings)]
        advance(1, steps[5])
    return document


def read_evaluations(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Reads result documents that `isthmus evaluate -o` wrote, one or more a file.

    Raises:
        InputError: A file is no such document.
    """
    documents = []
    for path in paths:
        try:
            document = json.loads(path.read_text("utf-8"))
            found = document if isinstance(document, list) else [document]
            documents += [each for each in found if each["models"] and each["target"]]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(
                f"{path} is no result of an evaluation.",
                "Give the file OUT.json that `isthmus evaluate cold-start … -o OUT` wrote.",
            ) from error
    return documents


def _interests(graph: Graph) -> dict[str, Any]:
    """The largest interests, and the likes by month of those that have risen or fallen most."""
    rows = graph.read("report/interest_months", months=MONTHS, most=MAX_INTERESTS)
    months = sorted({each["month"] for row in rows for each in row["months"]})[1:]
    series = [
        {"interest": row["interest"], "likes": [_by_month(row["months"]).get(m, 0) for m in months]}
        for row in rows
    ]
    return {
        "largest": graph.read("insight/interests", most=SHOWN_INTERESTS),
        "months": months,
        "series": series[:SHOWN_INTERESTS],
        "rising": rising_interests(series),
    }


def rising_interests(series: Sequence[Row]) -> list[Row]:
    """Returns how the share of each interest in the likes of the last months has changed.

    Args:
        series: Of each interest its name, and its likes by month, the last month last.

    Returns:
        Rows of `interest`, `before` and `after`, its share of all likes in percent before the last
        three months and in them, and `likes` in them; the largest rise first. Interests with fewer
        than ten likes in these months, and all where there are no months before, are left out.
    """
    after = {row["interest"]: sum(row["likes"][-RECENT_MONTHS:]) for row in series}
    before = {row["interest"]: sum(row["likes"][:-RECENT_MONTHS]) for row in series}
    all_after, all_before = sum(after.values()), sum(before.values())
    if not all_before:
        return []
    rows = [
        {
            "interest": name,
            "before": 100 * before[name] / all_before,
            "after": 100 * likes / all_after,
            "likes": likes,
        }
        for name, likes in after.items()
        if likes >= MIN_RECENT_LIKES
    ]
    return sorted(rows, key=lambda row: row["before"] - row["after"])


def _by_month(rows: Sequence[Row]) -> dict[str, int]:
    return {row["month"]: row["likes"] for row in rows}


def _example_people(graph: Graph) -> list[str]:
    return [row["user"] for row in graph.read("report/people", n=EXAMPLE_PEOPLE)]


def _person(graph: Graph, user: str, domains: Sequence[str], settings: Settings) -> dict[str, Any]:
    """A user's months, interests, latest interactions, and an answer with its reasons."""
    months = graph.read("report/user_months", user=user)
    met: Counter[str] = Counter()
    for row in months:
        met[row["domain"]] += row["likes"] + row["dislikes"]
    domain = min(domains, key=lambda name: (met[name], name))
    interests = graph.read("interests/profile", user=user, most=MAX_INTERESTS)
    interests.sort(key=lambda row: -abs(row["weight"]))  # strong dislikes among the first
    return {
        "user": user,
        "months": months,
        "interests": interests[:SHOWN_INTERESTS],
        "latest": recent_interactions(graph, user),
        "answer": recommend_with_reasons(graph, user, domain, EXAMPLE_ITEMS, settings),
    }


def _recommended(graph: Graph, domains: Sequence[Row], settings: Settings) -> list[dict[str, Any]]:
    """What a sample of users is recommended: coverage, and how much goes to popular items."""
    per_domain = SAMPLED_ANSWERS // max(len(domains), 1)
    users = [row["user"] for row in graph.read("report/sample", n=per_domain)]
    found = []
    with ThreadPoolExecutor(CLIENTS) as clients:
        for row in domains:
            domain = row["domain"]
            answers = clients.map(
                lambda user, name=domain: [
                    each["item_id"] for each in rank_items(graph, user, name, 10, settings)
                ],
                users,
            )
            counts = Counter(item for answer in answers for item in answer)
            deciles = graph.read("report/popularity_deciles", domain=domain, items=sorted(counts))
            for decile in deciles:
                decile["places"] = sum(counts[item] for item in decile.pop("among"))
            found.append(
                {
                    "domain": domain,
                    "users": len(users),
                    "items": row["items"],
                    "recommended": len(counts),
                    "deciles": deciles,
                }
            )
    return found


def _models(evaluation: dict[str, Any]) -> dict[str, Any]:
    """The models of an evaluation with NDCG@10, its interval, and coverage."""
    return {
        "dataset": evaluation["dataset"],
        "target": evaluation["target"],
        "users": evaluation["users"],
        "models": [
            {
                "name": name,
                "ndcg": model["ndcg@10"],
                "interval": model["ndcg@10_interval"],
                "coverage": model.get("coverage@10"),
            }
            for name, model in evaluation["models"].items()
            if "ndcg@10" in model
        ],
    }
