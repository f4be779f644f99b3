"""Evaluates models on a dataset of tables, baselines and encoders of one's own among them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from isthmus.gnn.baselines import Model
    from isthmus.settings import Settings


def evaluate(
    dataset: str | Path,
    models: Sequence[str | type[Model]] = ("transfer", "popularity"),
    target: str | None = None,
    *,
    fold: int = 0,
    encoder: str | Path | None = None,
    home: str | Path | None = None,
) -> list[dict[str, Any]]:
    """Evaluates models on cold-start users as `isthmus evaluate cold-start` does, without a graph.

    Args:
        dataset: Folder of tables.
        models: Names as of `--model`, names that packages install as entry points of the group
            `isthmus.baselines`, and classes with `fit` and `score`
            (`isthmus.gnn.baselines.Model`).
        target: Name of the target domain; None for all domains.
        fold: Which users are held out, 0 to 9.
        encoder: A text encoder as of the setting `encoder`: the folder of any sentence-transformers
            model, or its name; None for that of the settings.
        home: Folder of the encoders and the vector cache; None for that of the settings.

    Returns:
        The result document of each target that has held-out users.

    Raises:
        InputError: The tables, a model or the target are wrong.
        NothingToDo: No user can be held out.
    """
    from isthmus.encoders.text import with_chosen_encoder
    from isthmus.settings import load_settings

    settings = with_chosen_encoder(load_settings(home=home))
    return evaluate_with(settings, dataset, models, target, fold, encoder)


def evaluate_with(
    settings: Settings,
    dataset: str | Path,
    models: Sequence[str | type[Model]],
    target: str | None,
    fold: int,
    encoder: str | Path | None,
) -> list[dict[str, Any]]:
    """Evaluates models as `evaluate` does, with these settings."""
    from isthmus.gnn.baselines import model_name, own_baselines
    from isthmus.gnn.config import TrainingConfig
    from isthmus.gnn.evaluation import EvaluationConfig, evaluate_cold_start, evaluate_targets
    from isthmus.graph.generations import build_snapshot, hide_function, item_titles
    from isthmus.graph.sources import read_dataset

    if encoder is not None:
        settings = settings.model_copy(update={"encoder": str(encoder)})
    folder = Path(dataset)
    tables = read_dataset(folder)
    data = build_snapshot(tables, settings)
    config = EvaluationConfig(
        models=[model_name(model) for model in models],
        training=TrainingConfig.from_settings(settings),
        titles=item_titles(tables, data),
        dataset=folder.name,
        fingerprint=tables.fingerprint,
        hide=hide_function(tables, settings),
        own=own_baselines(models),
    )
    targets = data.domains if target is None else [target]
    return evaluate_targets(
        targets, lambda name: evaluate_cold_start(data, name, config, fold=fold)
    )
