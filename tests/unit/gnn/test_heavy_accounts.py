"""Heavy accounts teach no more than the limit, and one domain is enough to train."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack

from isthmus.gnn.data.arrays import InterestGraph
from isthmus.gnn.data.heavy_accounts import (
    MEDIANS,
    MIN_LIMIT,
    find_heavy_accounts,
    limit_heavy_accounts,
)
from isthmus.gnn.edges.learned import CONTENT_FIRST
from isthmus.gnn.training.train import train_edges
from isthmus.graph.generations.held_out_likes import held_out_likes
from tests.unit.checkerboard import ITEMS, USERS, checkerboard

ROBOT_ITEMS = 900


def with_robot(liked: int) -> InterestGraph:
    """The checkerboard with so many more items in its second domain, which one account likes."""
    one, new = checkerboard(), liked
    shape = (USERS, 2 * ITEMS + new)
    parts = (one.interactions.data, one.interactions.indices, one.interactions.indptr)
    robot = csr_array(np.ones((1, shape[1]), np.float32))
    likes = csr_array(vstack([csr_array(parts, shape=shape), robot], format="csr"))
    times = np.concatenate([np.full(one.interactions.nnz, np.nan), 1e9 + np.arange(shape[1])])
    none = csr_array((1, 2), dtype=np.float32)
    return dataclasses.replace(
        one,
        users=np.append(one.users, "robot"),
        items=np.append(one.items, [f"b:x{k:04}" for k in range(new)]),
        item_domain=np.append(one.item_domain, np.ones(new, np.int32)),
        item_vectors=np.vstack([one.item_vectors, np.zeros((new, 2), np.float32)]),
        interactions=likes,
        last_at=times,
        item_interests=csr_array(
            vstack([one.item_interests, csr_array((new, 2), dtype=np.float32)], format="csr")
        ),
        user_interests=csr_array(vstack([one.user_interests, none], format="csr")),
        written_interests=csr_array(vstack([one.written_interests, none], format="csr")),
    )


def one_domain(dated: bool) -> InterestGraph:
    """The first domain of the checkerboard."""
    both = checkerboard()
    likes = csr_array(both.interactions[:, :ITEMS])
    times = 1e9 + 86_400.0 * np.arange(likes.nnz) if dated else np.full(likes.nnz, np.nan)
    return dataclasses.replace(
        both,
        items=both.items[:ITEMS],
        domains=("a",),
        item_domain=both.item_domain[:ITEMS],
        item_vectors=both.item_vectors[:ITEMS],
        interactions=likes,
        last_at=times,
        item_interests=csr_array(both.item_interests[:ITEMS]),
    )


def test_only_the_newest_interactions_of_a_heavy_account_are_trained_on() -> None:
    graph = with_robot(ROBOT_ITEMS)
    heavy = find_heavy_accounts(graph)
    assert (heavy.limit, heavy.users.tolist()) == (MIN_LIMIT, [USERS])
    assert heavy.counts.tolist() == [2 * ITEMS + ROBOT_ITEMS]
    limited = limit_heavy_accounts(graph, 365)
    newest = np.arange(2 * ITEMS + ROBOT_ITEMS)[-MIN_LIMIT:]
    assert limited.interactions[[USERS]].indices.tolist() == newest.tolist()
    before = csr_array(graph.interactions[:USERS])
    assert (limited.interactions[:USERS] != before).nnz == 0


def test_the_limit_grows_with_the_median_of_the_users() -> None:
    graph = with_robot(ROBOT_ITEMS)
    dense = csr_array(np.ones((USERS + 1, 2 * ITEMS + ROBOT_ITEMS), np.float32))
    everybody = dataclasses.replace(graph, interactions=dense, last_at=np.full(dense.nnz, np.nan))
    assert find_heavy_accounts(everybody).limit == MEDIANS * (2 * ITEMS + ROBOT_ITEMS)
    assert limit_heavy_accounts(everybody, 365) is everybody


def test_a_heavy_account_adds_no_more_edges_than_its_limit_allows() -> None:
    edges = train_edges(with_robot(ROBOT_ITEMS)).edges
    sources = np.unique(np.concatenate([edges.co_liked.sources, edges.transfer.sources]))
    assert len(sources) <= MIN_LIMIT + 2 * ITEMS


@pytest.mark.parametrize("dated", [True, False])
def test_a_single_domain_learns_what_the_same_users_like(dated: bool) -> None:
    edges = train_edges(one_domain(dated)).edges
    assert not len(edges.transfer)
    assert len(edges.co_liked)
    assert (edges.co_liked.sources % 2 == edges.co_liked.targets % 2).all()
    assert edges.merge["a"].collaborative > 0


def test_content_keeps_its_weight_where_nobody_links_the_domains() -> None:
    both = checkerboard()
    users = np.arange(USERS) % 4 < 2
    owners, domain = both.interaction_users(), both.item_domain[both.interactions.indices]
    kept = users[owners] == (domain == 0)
    rows = (both.interactions.data[kept], (owners[kept], both.interactions.indices[kept]))
    apart = dataclasses.replace(
        both,
        interactions=csr_array(rows, shape=both.interactions.shape),
        last_at=both.last_at[kept],
    )
    for weights in train_edges(apart).edges.merge.values():
        assert (weights.interest, weights.popularity) == (
            CONTENT_FIRST.interest,
            CONTENT_FIRST.popularity,
        )


def test_one_like_of_some_users_is_held_out_only_where_nobody_links_the_domains() -> None:
    assert [len(part) for part in held_out_likes(checkerboard())] == [0, 0]
    graph = one_domain(dated=True)
    (likes,) = held_out_likes(graph)
    owners = graph.interaction_users()[likes]
    assert 0 < len(likes) < USERS / 2
    assert len(np.unique(owners)) == len(likes)
    for like, user in zip(likes, owners, strict=True):
        own = slice(*graph.interactions.indptr[user : user + 2])
        assert graph.last_at[like] == graph.last_at[own].max()
