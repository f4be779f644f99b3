"""When a user first met an item, beside the interactions of the snapshot."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from isthmus.graph.generations import dataset_snapshot as snapshot
from isthmus.graph.generations.dataset_snapshot import first_times, snapshot_of_tables
from isthmus.graph.sources import read_dataset
from isthmus.settings import Settings


def test_first_times_stand_beside_the_interactions(
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
    nothing = SimpleNamespace(ids=[], vectors=[])
    monkeypatch.setattr(snapshot, "interests_of_items", lambda *_: (nothing, {}))
    dataset = read_dataset(tmp_path)
    data = snapshot_of_tables(dataset, Settings(home=tmp_path))
    found = {
        (str(data.users[user]), str(data.items[item])): (first, last)
        for user, item, first, last in zip(
            data.owners(),
            data.interactions.indices,
            first_times(dataset, data) / 86_400,
            data.last_at / 86_400,
            strict=True,
        )
    }
    assert found.pop(("ana", "b:1")) == pytest.approx((np.nan, np.nan), nan_ok=True)
    assert found == {("ana", "b:2"): (4, 4), ("zoe", "b:1"): (3, 3), ("zoe", "b:2"): (1, 2)}
