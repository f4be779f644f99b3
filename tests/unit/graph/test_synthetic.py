"""The synthetic dataset has the planted transfers, and is the same for the same seed."""

from __future__ import annotations

from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.planted import DOMAINS, Category, Transfer, planted_transfers
from isthmus.graph.sources.synthetic import GENERIC, PEOPLE, Planted, write_synthetic


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Planted]:
    folder = tmp_path_factory.mktemp("synthetic")
    return folder, write_synthetic(folder)


@pytest.fixture(scope="module")
def data(written: tuple[Path, Planted]) -> Dataset:
    return read_dataset(written[0])


def chinese(titles: pl.Series) -> pl.Series:
    return titles.str.contains(r"\p{Han}")


def liked_categories(data: Dataset) -> pl.DataFrame:
    """Interactions with domain and category of their items."""
    items = data.items.select("item_id", "domain", pl.col("categories").list.first())
    return data.interactions.drop("domain").join(items, on="item_id")


def test_same_arguments_write_the_same_bytes(written, tmp_path: Path):
    write_synthetic(tmp_path)
    for name in ("items.csv", "interactions.csv", "texts.csv", "README.md"):
        assert (tmp_path / name).read_bytes() == (written[0] / name).read_bytes()


def test_another_seed_writes_other_interactions(written, tmp_path: Path):
    write_synthetic(tmp_path, seed=8)
    assert (tmp_path / "interactions.csv").read_bytes() != (
        written[0] / "interactions.csv"
    ).read_bytes()


def test_readme_declares_the_data_synthetic(written):
    readme = (written[0] / "README.md").read_text(encoding="utf-8")
    assert readme.startswith("# Synthetic data")
    assert "Nothing here is real" in readme


def test_tables_are_valid_and_all_items_exist(data: Dataset, written):
    assert data.rejected.is_empty()
    assert data.repeated == 0
    assert data.interactions.height == written[1].interactions
    assert data.texts.height == written[1].texts
    for frame in (data.interactions, data.texts):
        assert resolve_items(frame, data.items)[1].is_empty()


def test_four_domains_have_three_hundred_items_each(data: Dataset):
    assert Counter(data.items["domain"]) == dict.fromkeys(DOMAINS, 300)


def test_half_of_the_titles_are_chinese_and_all_are_different(data: Dataset):
    assert data.items["title"].n_unique() == 1200
    for (domain,), items in data.items.group_by("domain"):
        assert chinese(items["title"]).sum() == 150, domain


def test_every_item_has_a_category_of_an_interest_and_at_most_a_generic_one(data: Dataset):
    known = {category for transfer in planted_transfers()[0] for category in transfer}
    for domain, names in data.items.select("domain", "categories").iter_rows():
        assert Category(domain, names[0]) in known
        assert names[1:] in ([], [GENERIC[domain]])


def test_two_thousand_users_are_active_and_dated_over_two_years(data: Dataset):
    users = set(data.interactions["user_id"]) | set(data.texts["user_id"])
    assert len(users) == 2000
    a_user = data.interactions.group_by("user_id").len()["len"]
    assert 20 <= a_user.median() <= 30
    days = (data.interactions["timestamp"].max() - data.interactions["timestamp"].min()) / 86_400
    assert 725 < days < 731


def test_some_users_have_texts_only_and_some_have_one_domain(data: Dataset):
    with_events = set(data.interactions["user_id"])
    assert 40 <= len(set(data.texts["user_id"]) - with_events) <= 140
    domains = liked_categories(data).group_by("user_id").agg(pl.col("domain").n_unique())["domain"]
    assert 100 <= (domains == 1).sum() <= 260
    assert set(domains) == {1, 2, 3, 4}


def test_a_few_interactions_are_dislikes(data: Dataset):
    share = (data.interactions["weight"] < 0).mean()
    assert 0.03 < share < 0.10


def test_texts_are_chinese_and_english_with_their_language(data: Dataset):
    count = Counter(data.texts["language"])
    assert set(count) == {"zh", "en"}
    assert min(count.values()) > 1000
    posts = data.texts.filter(pl.col("item_id").is_null())
    assert (chinese(posts["text"]) == (posts["language"] == "zh")).mean() > 0.95


def test_no_placeholder_is_left_in_a_text(data: Dataset):
    assert not data.texts["text"].str.contains(r"[{}]").any()


def test_planted_and_other_pairs_are_all_pairs_across_domains():
    planted, others = planted_transfers()
    assert (len(planted), len(others)) == (12 * 4 * 3, 12 * 11 * 4 * 3)
    assert not set(planted) & set(others)
    assert all(source.domain != target.domain for source, target in planted + others)
    assert len(set(planted) | set(others)) == 48 * 36


def test_historical_novels_transfer_to_period_dramas_guqin_music_and_tea_ware():
    planted = planted_transfers()[0]
    novels = Category("books", "historical novels")
    assert {target for source, target in planted if source == novels} == {
        Category("films", "period dramas"),
        Category("music", "guqin music"),
        Category("goods", "tea ware"),
    }


def test_science_fiction_has_one_name_in_books_films_and_goods():
    planted = planted_transfers()[0]
    categories = [Category(domain, "science fiction") for domain in ("books", "films", "goods")]
    for source, target in product(categories, categories):
        if source != target:
            assert Transfer(source, target) in planted


def test_likes_of_planted_pairs_correlate_more_than_those_of_any_other_pair(data: Dataset, written):
    liked = liked_categories(data)
    users = {user: n for n, user in enumerate(liked["user_id"].unique().sort())}
    cells = {cell: n for n, cell in enumerate({t.source for t in written[1].transfers})}
    counts = np.zeros((len(users), len(cells)))
    for user, domain, category, weight in liked.select(
        "user_id", "domain", "categories", "weight"
    ).iter_rows():
        counts[users[user], cells[Category(domain, category)]] += weight
    correlations = np.corrcoef(counts.T)

    def correlation(transfer: Transfer) -> float:
        return correlations[cells[transfer.source], cells[transfer.target]]

    weakest = min(map(correlation, written[1].transfers))
    assert weakest > max(map(correlation, written[1].others))


def test_named_users_have_the_described_tastes(data: Dataset, written):
    assert set(written[1].people) == {"lin", "ana", "wei"}
    liked = liked_categories(data)
    histories = {
        name: set(
            liked.filter(pl.col("user_id") == name)
            .select("domain", "categories", pl.col("weight") > 0)
            .iter_rows()
        )
        for name in PEOPLE
    }
    assert histories == {
        "lin": {("books", "historical novels", True)},
        "ana": {("books", "science fiction", True)},
        "wei": {
            ("films", "food documentaries", True),
            ("goods", "kitchenware", True),
            ("films", "nature documentaries", True),
            ("films", "horror", False),
        },
    }
    assert "我喜欢阅读历史小说。" in data.texts.filter(pl.col("user_id") == "lin")["text"]


def test_a_small_dataset_can_be_written(tmp_path: Path):
    write_synthetic(tmp_path, users=30, items=96)
    data = read_dataset(tmp_path)
    assert data.items.height == 96
    assert data.rejected.is_empty()


@pytest.mark.parametrize("items", [0, 47, 100, 3504])
def test_a_number_of_items_that_is_no_multiple_of_the_cells_raises(tmp_path: Path, items: int):
    with pytest.raises(ValueError, match="multiple of 48"):
        write_synthetic(tmp_path, items=items)
