"""The readers that rank for people give what recommend/for_user gives, on a random graph."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import pytest

from isthmus.graph.database import Graph, connect, load_statement, read_rows
from isthmus.graph.interests.derivation import derive_user_interests
from isthmus.graph.serving import rank_items
from isthmus.settings import Settings
from tests.conftest import DELETE_ALL

ALL = 1_000
"""More items than there are."""
CREATE = (
    """
    CREATE (:Encoder {version: 1, state: 'active'}), (b:Domain {name: 'books'}),
      (f:Domain {name: 'films'}), (g:Generation {number: 1, state: 'active', most_edges: 50}),
      (g)-[:MERGES {transfer: 1.5, collaborative: 0.8, interest: 0.6, interest_alone: 0.9,
        popularity: 0.7, popularity_alone: 0.2, written: 0.4, power: 0.5, half_life_days: 90.0,
        dislike: 1.3}]->(f)
    """,
    """
    UNWIND $interests AS id
    CREATE (:Interest {id: id, version: 1, name: id, names: [id], languages: ['en']})
    """,
    """
    UNWIND $items AS row
    MATCH (d:Domain {name: row[0]}), (n:Interest {id: row[3]})
    CREATE (i:Item {key: row[0] + ':' + row[1], domain: row[0], item_id: row[1], title: row[1],
                    popularity: row[2]})-[:IN_DOMAIN]->(d), (i)-[:ABOUT {weight: 1.0}]->(n)
    """,
    """
    UNWIND $users AS id
    CREATE (u:User {id: id, country: CASE id WHEN 'u0' THEN 'DE' ELSE 'CN' END, age: 30.0,
                    tags: ['vip', id]})
    WITH u WHERE u.id IN ['u1', 'new']
    MATCH (n:Interest {id: 'k1'})
    CREATE (u)-[:WROTE]->(t:Text {id: u.id, written_at: datetime('2020-01-01')}),
      (t)-[:ABOUT {weight: 1.0, polarity: 0.9}]->(n)
    """,
    """
    UNWIND $interactions AS row
    MATCH (u:User {id: row[0]}), (i:Item {key: row[1]})
    CREATE (u)-[:INTERACTED {weight: row[2], last_at:
      CASE WHEN row[3] IS NOT NULL THEN datetime({epochSeconds: row[3]}) END}]->(i)
    """,
    """
    UNWIND $edges AS row
    MATCH (i:Item|Interest|Domain) WHERE coalesce(i.key, i.id, i.name) = row[0]
    MATCH (j:Item {key: row[1]})
    FOREACH (_ IN CASE WHEN i.domain = 'films' THEN [1] ELSE [] END |
      CREATE (i)-[:CO_LIKED {generation: 1, weight: row[2]}]->(j))
    FOREACH (_ IN CASE WHEN i.domain = 'films' THEN [] ELSE [1] END |
      CREATE (i)-[:TRANSFERS_TO {generation: 1, weight: row[2]}]->(j))
    """,
)


@pytest.fixture(scope="module")
def ranked(server_settings: Settings) -> Iterator[Graph]:
    """Four users with history and one who only wrote; every edge and weight is drawn."""
    rng = Random(11)
    interests = [f"k{n}" for n in range(5)]
    items = [
        (domain, f"{domain[0]}{n:02}", rng.random(), rng.choice(interests))
        for domain in ("books", "films")
        for n in range(40)
    ]
    keys = [f"{domain}:{item}" for domain, item, *_ in items]
    films = [key for key in keys if key.startswith("films")]
    interactions = [
        (f"u{n}", key, rng.choice([1.0, 1.0, 0.5, -1.0]), 1_600_000_000 + rng.randrange(10**7))
        for n in range(4)
        for key in rng.sample(keys, 12)
    ]
    for n, row in enumerate(interactions):
        if n % 7 == 3:
            interactions[n] = (*row[:3], None)  # type: ignore[assignment]
    edges = [
        (source, target, rng.uniform(-0.5, 1.5))
        for source in [*keys, *interests, "films"]
        for target in rng.sample(films, 8)
        if source != target
    ]
    values = {"interests": interests, "users": ["u0", "u1", "u2", "u3", "new"]}
    values |= {"items": items, "interactions": interactions, "edges": edges}
    with connect(server_settings) as graph:
        with graph.driver.session(database=graph.database) as session:
            for text in (DELETE_ALL, *CREATE):
                session.run(text, values)
        derive_user_interests(graph, server_settings.half_life_days, 1)
        yield graph


def ask(graph: Graph, name: str, **given: Any) -> list[dict[str, Any]]:
    statement = load_statement(name)
    values = {key: statement.value_to_try(key) for key in statement.parameters}
    table = read_rows(graph, statement.text, values | {"domain": "films"} | given, 60, None)
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]


def order(graph: Graph, settings: Settings, user: str) -> dict[str, tuple[int, float]]:
    """Rank and score of all films that a user has not met, as the product ranks them."""
    rows = rank_items(graph, user, "films", ALL, settings)
    return {row["item_id"]: (rank, row["score"]) for rank, row in enumerate(rows, start=1)}


@pytest.mark.parametrize("least_misery", [False, True])
def test_a_group_gets_the_items_of_the_best_ranks_in_the_lists_of_all(
    ranked: Graph, server_settings: Settings, least_misery: bool
) -> None:
    users = ["u0", "u2", "new"]
    lists = {user: order(ranked, server_settings, user) for user in users}
    unmet = set.intersection(*(set(own) for own in lists.values()))
    ranks = {user: sorted(unmet, key=lambda item: lists[user][item][0]) for user in users}
    expected = []
    for item in unmet:
        places = sorted((ranks[user].index(item) + 1, user) for user in users)
        mean, worst = sum(rank for rank, _ in places) / 3, places[-1][0]
        said = [f"{user} {rank}" for rank, user in places]
        scores = [pytest.approx(lists[user][item][1]) for _, user in places]
        key = (worst, mean) if least_misery else (mean, worst)
        expected.append((key, item, mean, worst, said, scores))
    rows = ask(ranked, "recommend/for_group", users=users, least_misery=least_misery, most=8)
    assert [
        (row["item_id"], row["mean_rank"], row["worst_rank"], row["ranks"], row["scores"])
        for row in rows
    ] == [row[1:] for row in sorted(expected, key=lambda row: row[:2])[:8]]
    assert 1 <= max(len(row["likes"]) for row in rows) <= 3


def test_a_segment_is_the_people_with_a_value_or_an_interest(
    ranked: Graph, server_settings: Settings
) -> None:
    def expected(*users: str) -> list[tuple[Any, ...]]:
        places: dict[str, list[int]] = {}
        for user in users:
            for item, (rank, _) in order(ranked, server_settings, user).items():
                if rank <= 5:
                    places.setdefault(item, []).append(rank)
        rows = [(len(own), sum(own) / len(own), item) for item, own in places.items()]
        rows.sort(key=lambda row: (-row[0], row[1], row[2]))
        return [(item, people, people / len(users), mean) for people, mean, item in rows[:6]]

    def answer(**given: Any) -> list[tuple[Any, ...]]:
        rows = ask(ranked, "recommend/for_segment", n=5, most=6, **given)
        return [(row["item_id"], row["people"], row["share"], row["mean_rank"]) for row in rows]

    everybody = expected("new", "u0", "u1", "u2", "u3")
    assert answer() == everybody
    assert answer(attribute="country", value="CN") == expected("new", "u1", "u2", "u3")
    assert answer(attribute="tags", value="u2") == expected("u2")
    assert answer(attribute="age", value="30") == everybody
    assert answer(attribute="country", value="FR") == []
    assert answer(attribute="height") == []
    query = "MATCH (u:User)-[s:INTERESTED_IN]->({id: 'k1'}) WHERE s.weight > 0 RETURN u.id AS id"
    fans = [row["id"] for row in ranked.run(query, {})]
    assert 1 < len(fans) < 5
    assert answer(interest="K1") == expected(*fans)
    of_country = [user for user in fans if user != "u0"]
    assert answer(interest="k1", attribute="country", value="CN") == expected(*of_country)
    assert all(people >= 3 for _, people, *_ in answer(k=3))


def test_other_merge_weights_rank_as_if_they_were_those_of_the_generation(
    ranked: Graph, server_settings: Settings
) -> None:
    weights = {"transfer": 0.2, "popularity": 3.0, "written": 2.0}
    set_weights = "MATCH ()-[m:MERGES]->(:Domain {name: 'films'}) SET m += $weights"
    for user in ("u1", "new"):
        now = order(ranked, server_settings, user)
        [before] = ranked.run("MATCH ()-[m:MERGES]->() RETURN properties(m) AS weights", {})
        rows = ask(ranked, "recommend/what_if", user=user, most=5, **weights)
        ranked.run(set_weights, {"weights": weights | {"popularity_alone": 3.0}})
        then = order(ranked, server_settings, user)
        ranked.run(set_weights, before)
        assert len(rows) > 5
        assert [row["rank_if"] for row in rows] == sorted(row["rank_if"] for row in rows)
        first = {item for ranks in (now, then) for item, (rank, _) in ranks.items() if rank <= 5}
        assert {row["item_id"] for row in rows} == first
        for row in rows:
            assert (row["rank"], row["score"]) == pytest.approx(now[row["item_id"]])
            assert (row["rank_if"], row["score_if"]) == pytest.approx(then[row["item_id"]])
            assert row["moved"] == row["rank"] - row["rank_if"]
    plain = ask(ranked, "recommend/what_if", user="u1", popularity=None)
    assert all(row["moved"] == 0 for row in plain)


@pytest.mark.parametrize(("user", "history"), [("u1", 200), ("u3", 4), ("new", 200)])
def test_what_would_lift_an_item_does_when_it_is_liked(
    ranked: Graph, server_settings: Settings, user: str, history: int
) -> None:
    settings = server_settings.model_copy(update={"history_limit": history})
    now = order(ranked, settings, user)
    item = next(item for item, (rank, _) in now.items() if rank == 20)
    rows = ask(
        ranked, "explain/would_lift", user=user, item=f"films:{item}", history=history, most=4
    )
    assert len(rows) == 4
    assert [row["rank_if"] for row in rows] == sorted(row["rank_if"] for row in rows)
    assert rows[0]["rank_if"] < 20
    like = """
        MATCH (u:User {id: $user}), (i:Item {key: $key})
        OPTIONAL MATCH (u)-[r:INTERACTED]->()
        WITH u, i, max(r.last_at) AS newest
        CREATE (u)-[:INTERACTED {weight: 1.0, last_at: newest}]->(i)
        """
    unlike = "MATCH (:User {id: $user})-[r:INTERACTED]->(:Item {key: $key}) DELETE r"
    for row in rows:
        assert (row["rank"], row["score"]) == (20, pytest.approx(now[item][1]))
        values = {"user": user, "key": f"{row['domain']}:{row['item_id']}"}
        ranked.run(like, values)
        derive_user_interests(ranked, server_settings.half_life_days, 1)
        then = order(ranked, settings, user)[item]
        ranked.run(unlike, values)
        assert (row["rank_if"], row["score_if"]) == (then[0], pytest.approx(then[1], abs=1e-4))
    derive_user_interests(ranked, server_settings.half_life_days, 1)
    met = "MATCH (:User {id: 'u1'})-[:INTERACTED]->(i {domain: 'films'}) RETURN i.key AS key"
    known = ranked.run(met, {})[0]["key"]
    assert ask(ranked, "explain/would_lift", user="u1", item=known) == []


def test_without_a_generation_people_get_what_their_interests_are_about(
    ranked: Graph, server_settings: Settings
) -> None:
    state = "MATCH (g:Generation) SET g.state = $state"
    ranked.run(state, {"state": "retired"})
    now = order(ranked, server_settings, "u1")
    rows = ask(ranked, "recommend/what_if", user="u1", popularity=None, most=5)
    ranked.run(state, {"state": "active"})
    assert {row["item_id"]: (row["rank"], pytest.approx(row["score"])) for row in rows} == {
        item: place for item, place in now.items() if place[0] <= 5
    }
