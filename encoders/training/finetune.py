"""Fine-tunes an encoder on user behaviour, so that texts and titles are near matching titles.

A training example is a pair of a query (a text or a liked title of a user, or a category) and the
title of a matching item. The other items of the batch are its negatives, as in Henderson et al.,
"Efficient natural language response suggestion for Smart Reply", 2017, except for items that match
the query too; a disliked item of the user is a further negative.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.sparse import csr_array

from isthmus.encoders.text import LocalEncoder
from isthmus.encoders.training.plan import TrainedModel, TrainingPlan, TrainingTask
from isthmus.encoders.training.pretrain import MAX_CHARACTERS, retrieval_score
from isthmus.encoders.training.train import train_encoder
from isthmus.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import torch
    from numpy.typing import NDArray
    from sentence_transformers import SentenceTransformer
    from torch import nn

SCORE_SCALE = 20.0  # inverse temperature of the softmax over cosines
MAX_USER_EXAMPLES = 20
MAX_CATEGORY_EXAMPLES = 200
MAX_EXAMPLES = 200_000
MIN_EXAMPLES = 100
# Share of users whose examples are held out, all of a user's together to prevent leakage.
HELD_OUT_SHARE = 0.05
MAX_HELD_OUT = 500
# Of a user with likes in several domains, the share of title pairs across two domains.
CROSS_DOMAIN_SHARE = 0.5


@dataclass(frozen=True)
class UserBehaviour:
    """Interactions and texts of users.

    Attributes:
        titles: Title of each item or "", (items,).
        domains: Domain of each item, (items,).
        categories: Names of the categories of each item, (items,).
        weights: Positive for likes and negative for dislikes, CSR (users, items).
        texts: Texts of users: row of the user, text.
    """

    titles: Sequence[str]
    domains: NDArray[np.int32]
    categories: Sequence[Sequence[str]]
    weights: csr_array
    texts: Sequence[tuple[int, str]]


EMPTY_BEHAVIOUR = UserBehaviour(
    [], np.zeros(0, np.int32), [], csr_array(np.zeros((0, 0), np.float32)), []
)


@dataclass(frozen=True)
class FinetuningExamples:
    """Training examples of fine-tuning.

    Attributes:
        queries: A text of a user, the name of a category, or a liked title, (examples,).
        is_query: True for texts and categories, which get the query prefix; False for titles.
        items: The matching item of each example.
        disliked: A disliked item of the user, or -1.
        groups: The group of each example: a user, or a category after all users.
        positives: 1 where an item matches a group, CSR (groups, items).
    """

    queries: list[str]
    is_query: NDArray[np.bool_]
    items: NDArray[np.int64]
    disliked: NDArray[np.int64]
    groups: NDArray[np.int64]
    positives: csr_array

    def __len__(self) -> int:
        return len(self.queries)

    def select(self, mask: NDArray[np.bool_]) -> FinetuningExamples:
        """Returns the examples where the mask is True."""
        queries = [query for query, selected in zip(self.queries, mask, strict=True) if selected]
        columns = (self.is_query[mask], self.items[mask], self.disliked[mask], self.groups[mask])
        return FinetuningExamples(queries, *columns, self.positives)


def finetune_encoder(
    encoder: LocalEncoder, behaviour: UserBehaviour, plan: TrainingPlan, out: Path
) -> TrainedModel:
    """Fine-tunes a model on the behaviour of users.

    Args:
        encoder: The model to start from.
        behaviour: Interactions and texts of users, without those of an evaluation.
        plan: Duration and learning rate.
        out: Folder of the trained model.

    Raises:
        InputError: There are too few training examples, or the folder exists already.
    """
    check_example_count(behaviour)
    examples = build_finetuning_examples(behaviour, plan.seed)
    users = behaviour.weights.shape[0]
    held_out_users = np.random.default_rng(plan.seed).random(users) < HELD_OUT_SHARE
    held_out = np.isin(examples.groups, np.flatnonzero(held_out_users))
    # One held-out example per item, so that each item is a candidate only once.
    _, first = np.unique(examples.items[held_out], return_index=True)
    rows = np.flatnonzero(held_out)[first][:MAX_HELD_OUT]
    left = _prepare_queries(encoder, examples, rows)
    right = encoder.prepare([behaviour.titles[k] for k in examples.items[rows]], "passage")
    training = examples.select(~held_out)
    task = TrainingTask(
        description="pairs of an item's title and a user's text, a title that the user likes, or a "
        "category",
        columns=_build_columns(encoder, training, behaviour),
        loss=partial(make_loss, training),
        evaluate=partial(retrieval_score, left=left, right=right),
    )
    return train_encoder(encoder, task, plan, out)


def check_example_count(behaviour: UserBehaviour) -> None:
    """Checks that there are enough training examples.

    Raises:
        InputError: Items with a title have too few likes and categories.
    """
    has_title = _has_title(behaviour)
    liked = behaviour.weights.indices[behaviour.weights.data > 0]
    category_counts = [len(names) for names in behaviour.categories]
    pairs = int(has_title[liked].sum()) + int(has_title @ np.array(category_counts, np.int64))
    if pairs < MIN_EXAMPLES:
        raise InputError(
            f"The items with a title have only {pairs:,} likes and categories; fine-tuning needs "
            f"{MIN_EXAMPLES}.",
            "Add interactions and titles to the tables, or use the encoder without fine-tuning.",
        )


def build_finetuning_examples(behaviour: UserBehaviour, seed: int) -> FinetuningExamples:
    """Builds the examples of all users and categories, a limited number of each, shuffled."""
    rng = np.random.default_rng(seed)
    has_title = _has_title(behaviour)
    weights = behaviour.weights
    likes = [items[has_title[items]] for items in _items_of_users(weights, weights.data > 0)]
    dislikes = [items[has_title[items]] for items in _items_of_users(weights, weights.data < 0)]
    texts: dict[int, list[str]] = {}
    for user, text in behaviour.texts:
        texts.setdefault(user, []).append(text[:MAX_CHARACTERS])
    examples: list[tuple[str, bool, int, int, int]] = []
    for user, liked in enumerate(likes):
        if not len(liked):
            continue
        disliked = dislikes[user]
        for query, is_query, item in _user_examples(liked, texts.get(user, []), behaviour, rng):
            negative = int(rng.choice(disliked)) if len(disliked) else -1
            examples.append((query, is_query, item, negative, user))
    names = sorted({name for categories in behaviour.categories for name in categories})
    category_items = _items_of_categories(behaviour.categories, has_title, names)
    for k, name in enumerate(names):
        sample = _sample(category_items[k], MAX_CATEGORY_EXAMPLES, rng)
        examples += [(name, True, int(item), -1, len(likes) + k) for item in sample]
    order = rng.permutation(len(examples))[:MAX_EXAMPLES]
    selected = [examples[k] for k in order]
    return FinetuningExamples(
        queries=[row[0] for row in selected],
        is_query=np.array([row[1] for row in selected], bool),
        items=np.array([row[2] for row in selected], np.int64),
        disliked=np.array([row[3] for row in selected], np.int64),
        groups=np.array([row[4] for row in selected], np.int64),
        positives=_positives_matrix([*likes, *category_items], len(behaviour.titles)),
    )


def _has_title(behaviour: UserBehaviour) -> NDArray[np.bool_]:
    return np.array([bool(title.strip()) for title in behaviour.titles], bool)


def _user_examples(
    liked: NDArray[np.int64],
    texts: Sequence[str],
    behaviour: UserBehaviour,
    rng: np.random.Generator,
) -> list[tuple[str, bool, int]]:
    """Pairs of a text and a liked item, and of two liked items, partly of two domains.

    Returns:
        Query, whether it is no title, and the matching item.
    """
    sample = [texts[k] for k in _sample(np.arange(len(texts)), MAX_USER_EXAMPLES, rng)]
    pairs = [(text, True, int(rng.choice(liked))) for text in sample]
    if len(liked) < 2:
        return pairs
    for item in _sample(liked, MAX_USER_EXAMPLES, rng):
        others = liked[behaviour.domains[liked] != behaviour.domains[item]]
        if not len(others) or rng.random() >= CROSS_DOMAIN_SHARE:
            others = liked[liked != item]
        pairs.append((behaviour.titles[int(rng.choice(others))], False, int(item)))
    return pairs


def _sample(values: NDArray[np.int64], limit: int, rng: np.random.Generator) -> NDArray[np.int64]:
    return values if len(values) <= limit else rng.choice(values, limit, replace=False)


def _items_of_users(weights: csr_array, mask: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Items of each user's interactions where the mask is True."""
    users = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))[mask]
    ends = np.cumsum(np.bincount(users, minlength=weights.shape[0]))
    return np.split(weights.indices[mask].astype(np.int64), ends[:-1])


def _items_of_categories(
    categories: Sequence[Sequence[str]], has_title: NDArray[np.bool_], names: Sequence[str]
) -> list[NDArray[np.int64]]:
    """Items with a title of each category."""
    items: dict[str, list[int]] = {name: [] for name in names}
    for item, item_categories in enumerate(categories):
        for name in item_categories:
            if has_title[item]:
                items[name].append(item)
    return [np.array(items[name], np.int64) for name in names]


def _positives_matrix(groups: Sequence[NDArray[np.int64]], items: int) -> csr_array:
    indptr = np.concatenate([[0], np.cumsum([len(group) for group in groups])])
    indices = np.concatenate([np.zeros(0, np.int64), *groups])
    return csr_array((np.ones(len(indices), np.int8), indices, indptr), shape=(len(groups), items))


def _prepare_queries(
    encoder: LocalEncoder, examples: FinetuningExamples, rows: NDArray[np.int64]
) -> list[str]:
    """Prepares the queries of some examples; titles get the prefix of passages."""
    return [
        encoder.prepare([examples.queries[k]], "query" if examples.is_query[k] else "passage")[0]
        for k in rows
    ]


def _build_columns(
    encoder: LocalEncoder, examples: FinetuningExamples, behaviour: UserBehaviour
) -> Mapping[str, Sequence[Any]]:
    """Columns of the training set; the label of an example is its row number."""
    titles = encoder.prepare(behaviour.titles, "passage")
    columns: dict[str, Sequence[Any]] = {
        "query": _prepare_queries(encoder, examples, np.arange(len(examples))),
        "item": [titles[k] for k in examples.items],
    }
    if (examples.disliked >= 0).any():
        # Without a disliked item the matching item fills the column and is masked in the loss.
        negatives = np.where(examples.disliked >= 0, examples.disliked, examples.items)
        columns["disliked"] = [titles[k] for k in negatives]
    return columns | {"label": list(range(len(examples)))}


def make_loss(examples: FinetuningExamples, model: SentenceTransformer) -> nn.Module:
    """Cross-entropy over the items of a batch, without false negatives."""
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
            rows = labels.cpu().numpy().ravel()
            scores = SCORE_SCALE * vectors[0] @ torch.cat(vectors[1:]).T
            mask = torch.from_numpy(mask_false_negatives(examples, rows, len(vectors) > 2))
            scores = scores.masked_fill(mask.to(scores.device), -torch.inf)
            return functional.cross_entropy(scores, torch.arange(len(rows), device=scores.device))

    return Loss()


def mask_false_negatives(
    examples: FinetuningExamples, rows: NDArray[np.int64], disliked: bool
) -> NDArray[np.bool_]:
    """Marks the items of a batch that match an example but are not its own item.

    Args:
        examples: All training examples.
        rows: Row numbers of the batch.
        disliked: Whether the columns continue with the disliked items.

    Returns:
        Bool (batch, batch), or (batch, 2 * batch) with disliked items.
    """
    items, groups = examples.items[rows], examples.groups[rows]
    if disliked:
        negatives = examples.disliked[rows]
        items = np.concatenate([items, np.where(negatives >= 0, negatives, examples.items[rows])])
    mask = np.asarray(examples.positives[groups][:, items].toarray() > 0)
    own = np.arange(len(rows))
    mask |= items[None, :] == examples.items[rows][:, None]
    mask[own, own] = False
    return mask
