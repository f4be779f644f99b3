"""The synthetic dataset has the planted transfers, and is the same for the same seed."""

from __future__ import annotations

import re
from collections import Counter
from itertools import product
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from isthmus.graph.ingest.dataset import Dataset, resolve_items
from isthmus.graph.sources import PEOPLE, PlantedText, read_dataset
from isthmus.graph.sources.planted import (
    DOMAINS,
    Category,
    Cell,
    Transfer,
    interest_cells,
    planted_transfers,
    read_toml,
)
from isthmus.graph.sources.synthetic import GENERIC, Planted, write_synthetic

CELLS = interest_cells()
FUNCTION_WORDS = "a about and at by for from how in into my of on s that the to with"


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
    for name in ("items", "interactions", "texts", "users", "follows"):
        assert (tmp_path / f"{name}.csv").read_bytes() == (written[0] / f"{name}.csv").read_bytes()


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
    assert data.texts.height == len(written[1].texts)
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


def content_words(*texts: str) -> set[str]:
    """English words without plural s, and pairs of neighbouring Chinese characters."""
    found = set()
    for text in texts:
        for word in re.findall(r"[a-z]+", text.lower()):
            found.add(word.removesuffix("s") if len(word) > 3 else word)
        for run in re.findall(r"[\u4e00-\u9fff]+", text.replace("的", " ")):
            found |= {run[n : n + 2] for n in range(len(run) - 1)}
    return found - set(FUNCTION_WORDS.split())


def name_words(*cells: Cell) -> set[str]:
    """Words of all names of categories."""
    names = [name for cell in cells for name in (cell.category.name, *cell.names.values())]
    return content_words(*names)


def cells_of(text: PlantedText) -> list[Cell]:
    return [CELLS[interest, text.domain] for interest in (*text.likes, *text.dislikes)]


def drawn_texts(planted: Planted) -> list[PlantedText]:
    return [text for text in planted.texts if text.user not in PEOPLE]


def own_interests(planted: Planted, data: Dataset) -> dict[str, set[str]]:
    """The interests that each user praises, or likes at least six items of."""
    interest_of = {cell.category: interest for (interest, _), cell in CELLS.items()}
    likes = liked_categories(data).filter(pl.col("weight") > 0)
    counts = Counter(
        (user, interest_of[Category(domain, category)])
        for user, domain, category in likes.select("user_id", "domain", "categories").iter_rows()
    )
    own: dict[str, set[str]] = {text.user: set() for text in planted.texts}
    for text in planted.texts:
        own[text.user] |= set(text.likes)
    return {
        user: praised | {interest for interest, _ in CELLS if counts[user, interest] >= 6}
        for user, praised in own.items()
    }


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_language_has_forty_forms_of_praise_and_many_of_complaints_and_of_two_things(language):
    forms = read_toml("sentences.toml")[language]
    sizes = {name: len(set(by_domain["any"])) for name, by_domain in forms.items()}
    assert sizes["praise"] >= 40
    assert sizes["complaint"] >= 12
    assert sizes["both_liked"] + sizes["one_liked"] >= 10
    assert sizes["one_liked"] > sizes["both_liked"]
    assert min(sizes["praise_of_an_item"], sizes["complaint_of_an_item"]) >= 6


def test_forms_have_exactly_the_slots_of_their_kind():
    two, one = {"x", "y"}, {"x"}
    slots = {"both_liked": two, "one_liked": two, "praise": one, "complaint": one}
    for forms in read_toml("sentences.toml").values():
        for kind, by_domain in forms.items():
            assert set(by_domain) <= {"any", *DOMAINS}
            for form in (form for forms in by_domain.values() for form in forms):
                assert set(re.findall(r"{(.*?)}", form)) == slots.get(kind, {"title", "x"}), form


def test_cue_phrases_share_no_content_word_with_names_and_titles_of_their_cell():
    for key, cell in CELLS.items():
        taken = name_words(cell) | content_words(*cell.titles["en"], *cell.titles["zh"])
        for language in ("zh", "en"):
            assert len(set(cell.cues[language])) >= 3, key
            for cue in cell.cues[language]:
                assert not content_words(cue) & taken, cue


def test_half_of_the_posts_have_no_word_of_their_category(written):
    posts = [text for text in drawn_texts(written[1]) if not text.item_id]
    for language in ("zh", "en"):
        without = [
            not content_words(text.text) & name_words(*cells_of(text))
            for text in posts
            if text.language == language
        ]
        assert 0.4 <= np.mean(without) <= 0.6


def test_half_of_all_texts_have_the_name_of_their_category(written):
    for text in (texts := drawn_texts(written[1])):
        names = [cell.names[text.language] for cell in cells_of(text)]
        lowered = text.text.lower()
        assert text.has_name or not any(name.lower() in lowered for name in names)
    assert 0.45 <= np.mean([text.has_name for text in texts]) <= 0.55


def test_a_tenth_of_the_texts_is_about_two_things_and_a_tenth_complains_without_an_item(written):
    texts = drawn_texts(written[1])
    shares = {kind: n / len(texts) for kind, n in Counter(text.kind for text in texts).items()}
    assert shares["two things"] == pytest.approx(0.1, abs=0.03)
    assert shares["complaint"] == pytest.approx(0.1, abs=0.03)
    assert shares["praise of an item"] == pytest.approx(0.27, abs=0.03)
    assert shares["complaint of an item"] == pytest.approx(0.14, abs=0.03)


def test_most_texts_about_two_things_like_one_and_dislike_the_other(written):
    two = [text for text in drawn_texts(written[1]) if text.kind == "two things"]
    assert {len(text.likes) + len(text.dislikes) for text in two} == {2}
    assert 0.6 <= np.mean([len(text.likes) == 1 for text in two]) <= 0.9
    assert all(len({*text.likes, *text.dislikes}) == 2 for text in two)


def test_no_complaint_is_about_an_interest_of_its_writer(data: Dataset, written):
    own = own_interests(written[1], data)
    complaints = [text for text in written[1].texts if text.dislikes]
    assert len(complaints) > 600
    for text in complaints:
        assert not set(text.dislikes) & own[text.user], text


def test_users_without_interactions_praise_something(data: Dataset, written):
    with_events = set(data.interactions["user_id"])
    without_events = {text.user for text in written[1].texts} - with_events
    assert without_events
    assert without_events <= {text.user for text in written[1].texts if text.kind == "praise"}


def test_planted_texts_are_the_rows_of_the_table_in_order(data: Dataset, written):
    rows = data.texts.select("user_id", "text", pl.col("item_id").fill_null(""), "language")
    assert rows.rows() == [
        (text.user, text.text, text.item_id, text.language) for text in written[1].texts
    ]


def test_planted_likes_and_dislikes_of_reviews_are_those_of_the_reviewed_item(
    data: Dataset, written
):
    categories = dict(data.items.select("item_id", pl.col("categories").list.first()).iter_rows())
    reviews = [text for text in written[1].texts if text.item_id]
    assert len(reviews) > 1000
    for text in reviews:
        (cell,) = cells_of(text)
        assert categories[text.item_id] == cell.category.name
        assert bool(text.likes) == (text.kind == "praise of an item")


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
