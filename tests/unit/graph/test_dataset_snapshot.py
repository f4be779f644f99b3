"""Times of first interactions in the order of the snapshot's interactions."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from isthmus.graph.generations import dataset_snapshot as snapshot
from isthmus.graph.generations.dataset_snapshot import build_snapshot, first_interaction_times
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings


def test_first_interaction_times_are_aligned_with_the_interactions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "items.csv").write_text("item_id,domain,title\n2,b,two\n1,b,one\n")
    (tmp_path / "interactions.csv").write_text(
        "user_id,item_id,timestamp\n"
        "zoe,2,1970-01-03\nzoe,2,1970-01-02\nana,1,\nana,2,1970-01-05\nzoe,1,1970-01-04\n"
    )
    monkeypatch.setattr(snapshot, "load_encoder", lambda *_: None)
    monkeypatch.setattr(
        snapshot, "encode_cached", lambda _e, _c, words, _k: (np.eye(len(words)), 0, 0)
    )
    no_interests = SimpleNamespace(ids=[], names=[], vectors=[])
    monkeypatch.setattr(snapshot, "build_item_interests", lambda *_, **__: (no_interests, {}))
    dataset = read_dataset(tmp_path)
    data = build_snapshot(dataset, Settings(home=tmp_path))
    times = {
        (str(data.users[user]), str(data.items[item])): (first, last)
        for user, item, first, last in zip(
            data.interaction_users(),
            data.interactions.indices,
            first_interaction_times(dataset, data) / 86_400,
            data.last_at / 86_400,
            strict=True,
        )
    }
    assert times.pop(("ana", "b:1")) == pytest.approx((np.nan, np.nan), nan_ok=True)
    assert times == {("ana", "b:2"): (4, 4), ("zoe", "b:1"): (3, 3), ("zoe", "b:2"): (1, 2)}
