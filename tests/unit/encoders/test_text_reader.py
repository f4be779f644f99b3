"""Texts are read clause by clause, with the default encoder."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.offline import convert_offline_model
from isthmus.encoders.text.packed_weights import OFFLINE_MODEL
from isthmus.encoders.text.vector_cache import VectorCache, encode_cached
from isthmus.encoders.topics.clusters import normalize_rows
from isthmus.encoders.topics.text_reader import (
    TITLE_QUANTILE,
    ReadClause,
    TextReader,
    fit_min_evidence,
)
from isthmus.encoders.topics.text_space import TextSpace, language_index, load_text_space
from isthmus.encoders.topics.topic_reader import TopicReader, names_reader

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.encoders.text.text_encoder import TextEncoder

TITLES = {
    "science fiction": (
        "The last starship", "A colony beyond Mars", "Robots of the orbital station",
        "星际飞船的远航", "火星上的机器人", "银河系边缘的殖民地",
    ),
    "horror": (
        "The haunted cellar", "Screams at midnight", "Night of the vampires",
        "午夜惊魂的鬼屋", "地下室里的恶灵", "古宅幽灵",
    ),
    "cooking": (
        "Bread and pastry at home", "Soups for every season", "The pasta cookbook",
        "家常菜的一百种做法", "烘焙与面包入门", "四季汤谱",
    ),
    "historical novels": (
        "The courier of the Ming court", "A novel of ancient Rome", "The emperor's last general",
        "大明王朝的密使", "长安旧事", "赤壁前夜的将军",
    ),
    "jazz": (
        "Saxophone at midnight", "Swing standards for trio", "The trumpet sessions",
        "爵士萨克斯之夜", "摇摆乐三重奏", "蓝调小号",
    ),
    "metal": (
        "Screaming guitars and double bass drums", "Heavy riffs of the north", "Iron thunder live",
        "重金属之夜现场", "失真吉他的怒吼", "黑金属合辑",
    ),
}  # fmt: skip
"""Interests named in English, with titles in two languages."""
INTERESTS = [*TITLES]


class CountedEncoder:
    """An encoder that counts the texts that it encodes."""

    def __init__(self, encoder: TextEncoder) -> None:
        self.encoder, self.texts = encoder, 0

    def encode(self, texts: Any, kind: Any) -> Any:
        self.texts += len(texts)
        return self.encoder.encode(texts, kind)

    def encode_windows(self, prepared: Any, kind: Any, advance: Any) -> Any:
        self.texts += len(prepared)
        return self.encoder.encode_windows(prepared, kind, advance)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.encoder, name)


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Any:
    home = tmp_path_factory.getbasetemp() / "encoder-home"
    convert_offline_model(home / "encoders" / OFFLINE_MODEL)
    return CountedEncoder(load_encoder(OFFLINE_MODEL, home))


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> VectorCache:
    return VectorCache(tmp_path_factory.mktemp("vectors"))


@pytest.fixture(scope="module")
def space(encoder: Any, cache: VectorCache) -> TextSpace:
    return load_text_space(encoder, cache)


@pytest.fixture(scope="module")
def reader(encoder: Any, cache: VectorCache, space: TextSpace) -> TextReader:
    """The reader by the names and titles, as a graph without texts gives it."""
    names, _, _ = encode_cached(encoder, cache, INTERESTS, "passage")
    topics = [k for k, titles in enumerate(TITLES.values()) for _ in titles]
    titles = [title for own in TITLES.values() for title in own]
    vectors, _, _ = encode_cached(encoder, cache, titles, "passage")
    languages = language_index(titles)
    for language in np.unique(languages):
        vectors[languages == language] -= vectors[languages == language].mean(axis=0)
    centers = normalize_rows(np.eye(len(INTERESTS), dtype=np.float32)[topics].T @ vectors)
    by_names = names_reader(
        space,
        names,
        language_index(INTERESTS),
        np.arange(len(INTERESTS)),
        centers,
        space.text_means,
    )
    everything = TextReader(space, by_names)
    min_evidence = fit_min_evidence(everything, titles, encoder, cache)
    return TextReader(space, replace(by_names, min_evidence=min_evidence))


def read(reader: TextReader, encoder: Any, *texts: str) -> list[list[ReadClause]]:
    return reader.read(texts, encoder.encode(texts, "query"), encoder)


def first_topics(clauses: list[ReadClause]) -> list[str | None]:
    return [
        INTERESTS[max(clause.topics, key=lambda k: clause.topics[k])] if clause.topics else None
        for clause in clauses
    ]


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        ("I love science fiction but can't stand horror", ["science fiction", "horror"]),
        ("我喜欢科幻小说，但是受不了恐怖片。", ["science fiction", "horror"]),
        ("I enjoy jazz, but I hate metal", ["jazz", "metal"]),
        ("爵士我听不腻，不过重金属就算了", ["jazz", "metal"]),
    ],
)
def test_one_clause_wants_and_the_other_rejects(
    reader: TextReader, encoder: Any, text: str, topics: list[str]
) -> None:
    (clauses,) = read(reader, encoder, text)
    assert first_topics(clauses) == topics
    wanted, rejected = clauses
    assert wanted.polarity > 0.5
    assert rejected.polarity < -0.5
    assert all(clause.about for clause in clauses)
    for clause in clauses:
        assert sum(clause.topics.values()) == pytest.approx(1)


def test_what_an_exception_names_is_rejected(reader: TextReader, encoder: Any) -> None:
    for text in ("除了恐怖片都行", "I watch any film except horror films"):
        (clauses,) = read(reader, encoder, text)
        found = {
            topic: clause.polarity
            for topic, clause in zip(first_topics(clauses), clauses, strict=True)
        }
        assert found["horror"] == -1


@pytest.mark.parametrize("text", ["See you tomorrow!", "明天见！", "What time is it?", "Bye"])
def test_small_talk_is_about_nothing(reader: TextReader, encoder: Any, text: str) -> None:
    (clauses,) = read(reader, encoder, text)
    assert [(clause.about, clause.topics) for clause in clauses] == [(False, {})]


@pytest.mark.parametrize("text", ["Metal? No thanks.", "重金属？不用了，谢谢。"])
def test_a_verdict_about_nothing_is_of_the_thing_named_before(
    reader: TextReader, encoder: Any, text: str
) -> None:
    (clauses,) = read(reader, encoder, text)
    assert first_topics(clauses) == ["metal", None]
    assert clauses[0].polarity < -0.5


@pytest.mark.parametrize(
    ("text", "signs"),
    [
        ("Horror leaves me cold. Jazz records fill all my evenings.", {"horror": -1, "jazz": 1}),
        ("恐怖片我没兴趣，历史小说一读就是一整天", {"horror": -1, "historical novels": 1}),
        ("I can't stand horror. Screams and blood everywhere in scary films.", {"horror": -1}),
        ("A slow evening with jazz records, no metal bands", {"jazz": 1, "metal": -1}),
        ("晚上一个人听的爵士，不要重金属", {"jazz": 1, "metal": -1}),
        ("Another shelf of horror novels, please don't show me those", {"horror": -1, None: -1}),
        ("又一部血淋淋的恐怖片，别再推荐给我了", {"horror": -1, None: -1}),
        (
            "Metal plays all day next door, no more of it. A saxophone and some jazz instead",
            {"metal": -1, None: -1, "jazz": 1},
        ),
    ],
)
def test_a_statement_beside_a_rejection_is_wanted_if_it_is_about_something_else(
    reader: TextReader, encoder: Any, text: str, signs: dict[str | None, int]
) -> None:
    (clauses,) = read(reader, encoder, text)
    found = dict(zip(first_topics(clauses), (np.sign(c.polarity) for c in clauses), strict=True))
    assert found == signs


@pytest.mark.parametrize("text", ["Thanks", "早上好", "good night"])
def test_a_greeting_is_no_bare_name(reader: TextReader, encoder: Any, text: str) -> None:
    (clauses,) = read(reader, encoder, text)
    assert [clause.about for clause in clauses] == [False]


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("Jazz is all over the radio, but it bores me", -1),
        ("虽然爵士很红，但我就是喜欢不起来", -1),
        ("Jazz? I hate every saxophone", -1),
        ("I hated jazz at first, but now I love it", 1),
        ("Horror is too bloody for me, but I do enjoy a glass of water", -1),
    ],
)
def test_a_verdict_counts_for_what_precedes_it_unless_it_has_a_subject_of_its_own(
    reader: TextReader, encoder: Any, text: str, sign: int
) -> None:
    (clauses,) = read(reader, encoder, text)
    assert clauses[0].about
    assert np.sign(clauses[0].polarity) == sign


def test_what_no_clause_says_alone_the_whole_text_says(reader: TextReader, encoder: Any) -> None:
    text = "as I was saying, but never mind"
    ((whole,),) = reader.read([text], encoder.encode(["I love science fiction"], "query"), encoder)
    assert (whole.text, whole.about) == (text, True)


def test_a_text_without_words_is_read_from_its_vector(reader: TextReader, encoder: Any) -> None:
    texts = ["I love jazz", "我讨厌重金属", "Give me a cookbook, please", "See you tomorrow!"]
    vectors = encoder.encode(texts, "query")
    before = encoder.texts
    found = reader.read([None] * 4, vectors, encoder)
    assert encoder.texts == before
    assert [first_topics(clauses) for clauses in found] == [
        ["jazz"],
        ["metal"],
        ["cooking"],
        [None],
    ]
    assert [clauses[0].text for clauses in found] == [""] * 4
    assert found[0][0].polarity > 0.5
    assert found[1][0].polarity < -0.5


def test_texts_together_are_read_as_each_alone(reader: TextReader, encoder: Any) -> None:
    texts = ("I love jazz but hate metal", "See you tomorrow!", "除了恐怖片都行", "cooking")
    together = read(reader, encoder, *texts)
    for text, clauses in zip(texts, together, strict=True):
        (alone,) = read(reader, encoder, text)
        assert [(c.text, c.about) for c in alone] == [(c.text, c.about) for c in clauses]
        for one, other in zip(alone, clauses, strict=True):
            assert one.polarity == pytest.approx(other.polarity, abs=1e-3)
            assert one.topics == pytest.approx(other.topics, abs=1e-3)
            np.testing.assert_allclose(one.search, other.search, atol=1e-3)
    assert reader.read([], np.zeros((0, encoder.dimensions), np.float32), encoder) == []


def test_the_search_vector_is_most_similar_to_the_titles_of_what_is_wanted(
    reader: TextReader, encoder: Any, cache: VectorCache
) -> None:
    titles = [title for own in TITLES.values() for title in own]
    vectors, _, _ = encode_cached(encoder, cache, titles, "passage")
    for text in ("I love science fiction", "我喜欢科幻小说"):
        ((clause,),) = read(reader, encoder, text)
        similarity = dict(zip(titles, vectors @ clause.search, strict=True))
        means = {name: np.mean([similarity[t] for t in own]) for name, own in TITLES.items()}
        assert max(means, key=lambda name: means[name]) == "science fiction"


def test_a_reader_without_interests_reads_polarity_only(space: TextSpace, encoder: Any) -> None:
    nothing = TopicReader(
        np.zeros((0, encoder.dimensions), np.float32), np.zeros((0, 3)), space.text_means
    )
    (clauses,) = read(TextReader(space, nothing), encoder, "I love jazz but hate metal")
    assert [np.sign(clause.polarity) for clause in clauses] == [1, -1]
    assert [clause.topics for clause in clauses] == [{}, {}]


def test_most_sentences_about_titles_reach_the_least_evidence(
    reader: TextReader, encoder: Any, cache: VectorCache
) -> None:
    titles = [title for own in TITLES.values() for title in own]
    least = fit_min_evidence(reader, titles, encoder, cache)
    assert least == reader.topics.min_evidence
    assert fit_min_evidence(reader, [], encoder, cache) == -np.inf
    assert fit_min_evidence(reader, ["", " "], encoder, cache) == -np.inf
    found = [read(reader, encoder, f"I love {title}")[0] for title in titles]
    about = np.mean([any(clause.about for clause in clauses) for clauses in found])
    assert about > 1 - 2 * TITLE_QUANTILE


def test_the_text_space_of_the_default_encoder_comes_with_isthmus(
    encoder: Any, tmp_path: Path
) -> None:
    before = encoder.texts
    load_text_space(encoder, VectorCache(tmp_path))
    assert encoder.texts == before, "run python -m isthmus.encoders.topics"
    assert not [*tmp_path.iterdir()]


def test_that_of_another_encoder_is_learned_once_and_stored(
    encoder: Any, space: TextSpace, tmp_path: Path
) -> None:
    other = CountedEncoder(encoder.encoder)
    other.fingerprint = "f" * 64
    cache = VectorCache(tmp_path)
    learned = load_text_space(other, cache)
    assert other.texts >= 1_000  # the bundled sentences
    assert len([*tmp_path.glob("space-*.npz")]) == 1
    before = other.texts
    loaded = load_text_space(other, VectorCache(tmp_path))
    assert other.texts == before
    for field in fields(TextSpace):
        np.testing.assert_array_equal(getattr(loaded, field.name), getattr(learned, field.name))
        np.testing.assert_allclose(
            getattr(learned, field.name), getattr(space, field.name), rtol=0.02, atol=0.02
        )


def test_the_text_space_is_learned_for_both_languages(space: TextSpace, encoder: Any) -> None:
    assert space.text_means.shape == space.name_means.shape == (3, encoder.dimensions)
    np.testing.assert_allclose(space.text_means[2], space.text_means[:2].mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(space.metric, space.metric.T, atol=1e-3)
    assert np.linalg.eigvalsh(space.metric.astype(float)).min() > 0
