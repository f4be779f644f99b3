"""Trains a model on what users did: what speaks for an item lies near its title.

A row is something that a user said or liked, or a category, against the title of an item that it
goes with. Within a batch each row tells its item from all others, as in Henderson et al.,
"Efficient natural language response suggestion for Smart Reply", 2017, but for those that go with
it too; what its user dislikes is told apart besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.encoders.text.encoder import TextEncoder
from isthmus.encoders.training.pretrain import MOST_CHARACTERS, found_again
from isthmus.encoders.training.train import Lesson, Plan, Trained, train
from isthmus.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from torch import nn

SHARPNESS = 20.0
ROWS_A_USER = 20
ROWS_A_CATEGORY = 200
ROWS = 200_000
FEWEST_ROWS = 100
# Users whose rows are held out; they are all of a user's, or what is held out would be known.
HELD_OUT = 0.05
MOST_HELD_OUT = 500
# Of a user with likes in several domains, rows that lead from one to another.
ACROSS = 0.5


@dataclass(frozen=True)
class Behaviour:
    """What users did with items, and wrote.

    Attributes:
        titles: Of each item, (items,); "" where it has none.
        domains: The domain of each item, (items,).
        categories: Names of the categories of each item, (items,).
        weights: Likes above 0 and dislikes below, CSR (users, items).
        texts: What users wrote: the user, and the words.
    """

    titles: Sequence[str]
    domains: NDArray[np.int32]
    categories: Sequence[Sequence[str]]
    weights: csr_array
    texts: Sequence[tuple[int, str]]


NOTHING_DONE = Behaviour([], np.zeros(0, np.int32), [], csr_array(np.zeros((0, 0), np.float32)), [])


@dataclass(frozen=True)
class Examples:
    """Rows to learn from.

    Attributes:
        queries: What a user wrote, a category, or a title that a user liked.
        written: Whether each is one that people write, or a title.
        items: The item that goes with each.
        disliked: An item that does not, or -1.
        groups: Whose row it is, by `going`.
        going: 1 where an item goes with a group, a user or a category; CSR (groups, items).
    """

    queries: list[str]
    written: NDArray[np.bool_]
    items: NDArray[np.int64]
    disliked: NDArray[np.int64]
    groups: NDArray[np.int64]
    going: csr_array

    def __len__(self) -> int:
        return len(self.queries)

    def some(self, which: NDArray[np.bool_]) -> Examples:
        """Those rows alone."""
        queries = [query for query, chosen in zip(self.queries, which, strict=True) if chosen]
        parts = (self.written[which], self.items[which], self.disliked[which], self.groups[which])
        return Examples(queries, *parts, self.going)


def finetune(encoder: TextEncoder, behaviour: Behaviour, plan: Plan, out: Path) -> Trained:
    """Trains a model on the task.

    Args:
        encoder: The model to start from.
        behaviour: What users did, without what an evaluation is to ask.
        plan: How long and how fast.
        out: Folder of the trained model.

    Raises:
        InputError: There is too little to learn from, or there is something in the folder already.
    """
    check_enough(behaviour)
    rows = examples(behaviour, plan.seed)
    users = behaviour.weights.shape[0]
    asked = np.random.default_rng(plan.seed).random(users) < HELD_OUT
    held = np.isin(rows.groups, np.flatnonzero(asked))
    first = np.flatnonzero(held)[np.unique(rows.items[held], return_index=True)[1]][:MOST_HELD_OUT]
    left = _prepared(encoder, rows, first)
    right = encoder.prepare([behaviour.titles[k] for k in rows.items[first]], "passage")
    lessons = rows.some(~held)
    lesson = Lesson(
        what="pairs of what a user said or liked, or a category, and an item",
        columns=_columns(encoder, lessons, behaviour),
        loss=partial(loss_of, lessons),
        held_out=partial(found_again, left=left, right=right),
    )
    return train(encoder, lesson, plan, out)


def check_enough(behaviour: Behaviour) -> None:
    """Refuses what no model could learn from.

    Raises:
        InputError: Too few items that somebody likes, or that have a category, have a title.
    """
    titled = _titled(behaviour)
    liked = behaviour.weights.indices[behaviour.weights.data > 0]
    about = [len(of_item) for of_item in behaviour.categories]
    pairs = int(titled[liked].sum()) + int(titled @ np.array(about, np.int64))
    if pairs < FEWEST_ROWS:
        raise InputError(
            f"There are {pairs:,} likes and categories of items with a title; fine-tuning needs "
            f"{FEWEST_ROWS}.",
            "Load interactions and titles, or use the model as it is.",
        )


def examples(behaviour: Behaviour, seed: int) -> Examples:
    """Rows of all users and categories, so many of each at most, in random order."""
    rng = np.random.default_rng(seed)
    titled = _titled(behaviour)
    likes = [row[titled[row]] for row in _rows_where(behaviour.weights, behaviour.weights.data > 0)]
    dislikes = [
        row[titled[row]] for row in _rows_where(behaviour.weights, behaviour.weights.data < 0)
    ]
    said: dict[int, list[str]] = {}
    for user, text in behaviour.texts:
        said.setdefault(user, []).append(text[:MOST_CHARACTERS])
    found: list[tuple[str, bool, int, int, int]] = []
    for user, liked in enumerate(likes):
        if not len(liked):
            continue
        against = dislikes[user]
        for query, written, item in _of_user(liked, said.get(user, []), behaviour, rng):
            no = int(rng.choice(against)) if len(against) else -1
            found.append((query, written, item, no, user))
    names = sorted({name for of_item in behaviour.categories for name in of_item})
    about = _about(behaviour.categories, titled, names)
    for k, name in enumerate(names):
        of_name = _sampled(about[k], ROWS_A_CATEGORY, rng)
        found += [(name, True, int(item), -1, len(likes) + k) for item in of_name]
    order = rng.permutation(len(found))[:ROWS]
    chosen = [found[k] for k in order]
    return Examples(
        queries=[row[0] for row in chosen],
        written=np.array([row[1] for row in chosen], bool),
        items=np.array([row[2] for row in chosen], np.int64),
        disliked=np.array([row[3] for row in chosen], np.int64),
        groups=np.array([row[4] for row in chosen], np.int64),
        going=_going([*likes, *about], len(behaviour.titles)),
    )


def _titled(behaviour: Behaviour) -> NDArray[np.bool_]:
    return np.array([bool(title.strip()) for title in behaviour.titles], bool)


def _of_user(
    liked: NDArray[np.int64], said: Sequence[str], behaviour: Behaviour, rng: np.random.Generator
) -> list[tuple[str, bool, int]]:
    """What a user wrote or liked, and another item that the user likes, where possible across."""
    heard = [said[k] for k in _sampled(np.arange(len(said)), ROWS_A_USER, rng)]
    rows = [(text, True, int(rng.choice(liked))) for text in heard]
    if len(liked) < 2:
        return rows
    for item in _sampled(liked, ROWS_A_USER, rng):
        abroad = liked[behaviour.domains[liked] != behaviour.domains[item]]
        others = abroad if len(abroad) and rng.random() < ACROSS else liked[liked != item]
        rows.append((behaviour.titles[int(rng.choice(others))], False, int(item)))
    return rows


def _sampled(values: NDArray[np.int64], most: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return values if len(values) <= most else rng.choice(values, most, replace=False)


def _rows_where(matrix: csr_array, which: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """The columns of each row's entries that are asked for."""
    owner = np.repeat(np.arange(matrix.shape[0]), np.diff(matrix.indptr))[which]
    ends = np.cumsum(np.bincount(owner, minlength=matrix.shape[0]))
    return np.split(matrix.indices[which].astype(np.int64), ends[:-1])


def _about(
    categories: Sequence[Sequence[str]], titled: NDArray[np.bool_], names: Sequence[str]
) -> list[NDArray[np.int64]]:
    """The titled items of each category."""
    items: dict[str, list[int]] = {name: [] for name in names}
    for item, of_item in enumerate(categories):
        for name in of_item:
            if titled[item]:
                items[name].append(item)
    return [np.array(items[name], np.int64) for name in names]


def _going(groups: Sequence[NDArray[np.int64]], items: int) -> csr_array:
    indptr = np.concatenate([[0], np.cumsum([len(group) for group in groups])])
    indices = np.concatenate([np.zeros(0, np.int64), *groups])
    return csr_array((np.ones(len(indices), np.int8), indices, indptr), shape=(len(groups), items))


def _prepared(encoder: TextEncoder, rows: Examples, which: NDArray[np.int64]) -> list[str]:
    """Queries as the model reads them: what people write has one prefix, titles another."""
    return [
        encoder.prepare([rows.queries[k]], "query" if rows.written[k] else "passage")[0]
        for k in which
    ]


def _columns(
    encoder: TextEncoder, rows: Examples, behaviour: Behaviour
) -> Mapping[str, Sequence[Any]]:
    """What a batch is made of; the label of a row is its place."""
    titles = encoder.prepare(behaviour.titles, "passage")
    columns: dict[str, Sequence[Any]] = {
        "query": _prepared(encoder, rows, np.arange(len(rows))),
        "item": [titles[k] for k in rows.items],
    }
    if (rows.disliked >= 0).any():
        # Where a user dislikes nothing, the own item stands in and is not counted.
        places = np.where(rows.disliked >= 0, rows.disliked, rows.items)
        columns["disliked"] = [titles[k] for k in places]
    return columns | {"label": list(range(len(rows)))}


def loss_of(rows: Examples, model: SentenceTransformer) -> nn.Module:
    """Softmax over the items of a batch, but for those that go with the row's user as well."""
    import torch
    from torch.nn import functional

    class Loss(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, features: Sequence[dict[str, Any]], labels: torch.Tensor) -> torch.Tensor:
            vectors = [
                functional.normalize(self.model(part)["sentence_embedding"]) for part in features
            ]
            places = labels.cpu().numpy().ravel()
            scores = SHARPNESS * vectors[0] @ torch.cat(vectors[1:]).T
            mask = torch.from_numpy(uncounted(rows, places, len(vectors) > 2))
            scores = scores.masked_fill(mask.to(scores.device), -torch.inf)
            return functional.cross_entropy(scores, torch.arange(len(places), device=scores.device))

    return Loss()


def uncounted(rows: Examples, places: NDArray[np.int64], disliked: bool) -> NDArray[np.bool_]:
    """Which items of a batch a row is not told from: those that go with it, but for its own.

    Args:
        rows: All rows.
        places: Those of the batch.
        disliked: Whether disliked items follow the liked ones.

    Returns:
        Bool (batch, batch or twice as many).
    """
    items, groups = rows.items[places], rows.groups[places]
    if disliked:
        against = rows.disliked[places]
        items = np.concatenate([items, np.where(against >= 0, against, rows.items[places])])
    mask = np.asarray(rows.going[groups][:, items].toarray() > 0)
    own = np.arange(len(places))
    mask |= items[None, :] == rows.items[places][:, None]
    mask[own, own] = False
    return mask
