"""Answers to a text on a real Neo4j: what it wants comes first, what it rejects is left out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from isthmus.encoders.text.encoder import load_encoder
from isthmus.encoders.text.vector_cache import VectorCache
from isthmus.errors import InputError
from isthmus.graph.database.session import connect
from isthmus.graph.ingest.load import ingest_dataset
from isthmus.graph.interests.find import encode_and_find_interests
from isthmus.graph.serving.calibration import calibrate
from isthmus.graph.serving.explanation import format_answer
from isthmus.graph.serving.recommend import recommend_for_user
from isthmus.graph.serving.texts import MAX_JUDGED_ITEMS, judge_text, recommend_for_text
from isthmus.graph.sources import read_dataset
from isthmus.scripts.judge import command as judge_command
from isthmus.scripts.recommend import command as recommend_command
from isthmus.workflows.retrain import retrain
from tests.conftest import delete_all

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.graph.database.connection import Graph
    from isthmus.settings import Settings

TITLES = {
    "space adventures": (
        (
            "The last starship of Orion", "A colony beyond Mars", "Robots of the orbital station",
            "星际飞船的远航", "火星殖民地的机器人", "银河边缘的空间站",
        ),
        (
            "Planet of the silent machines", "The astronaut's return", "Voyage to a dying sun",
            "飞向半人马座", "太空舱里的最后一人", "外星来客",
        ),
    ),
    "ghost stories": (
        (
            "The haunted cellar", "Whispers of the dead", "The curse of the old graveyard",
            "古宅里的幽灵", "午夜的鬼敲门", "地下室的恶灵",
        ),
        (
            "Night of the vampires", "The possessed doll", "Screams in the asylum",
            "鬼影惊魂", "红衣女鬼", "吸血鬼的诅咒",
        ),
    ),
    "cooking": (
        (
            "Bread and pastry at home", "Soups for every season", "The pasta cookbook",
            "家常菜的一百种做法", "烘焙与面包入门", "四季汤谱",
        ),
        (
            "The pastry chef of Lyon", "A kitchen by the harbour", "Noodles and spices",
            "大厨的秘密菜谱", "面馆里的老师傅", "舌尖上的川菜",
        ),
    ),
    "football": (
        (
            "The goalkeeper's diary", "A season in the second league", "Penalty in the last minute",
            "足球教练手记", "绿茵场上的前锋", "世界杯的故事",
        ),
        (
            "The striker from the harbour club", "Eleven on the pitch", "The cup final",
            "点球大战", "冠军球队", "小镇足球队",
        ),
    ),
    "gardening": (
        (
            "Roses for beginners", "The vegetable garden", "Pruning apple trees",
            "阳台种花指南", "玫瑰的养护", "菜园里的四季",
        ),
        (
            "The gardener of the abbey", "A greenhouse in winter", "Seeds and soil",
            "园丁与兰花", "花圃的春天", "种树的人",
        ),
    ),
    "romance": (
        (
            "Letters to my first love", "A wedding in June", "Kisses at the station",
            "初恋情书", "嫁给爱情", "心动的夏天",
        ),
        (
            "The bride and the stranger", "Two hearts in Paris", "Falling for my neighbour",
            "恋人的约定", "甜蜜婚礼", "一见钟情",
        ),
    ),
}  # fmt: skip
"""Titles of books and of films by interest, in two languages."""
DOMAINS = ("books", "films")
USERS = 90


def item_id(domain: str, interest: int, k: int) -> str:
    return f"{domain[0]}{interest}{k}"


def write_tables(folder: Path) -> Path:
    """Each user likes what is about one interest, in both domains; some wrote about it."""
    items = ["item_id,domain,title,categories"]
    interactions = ["user_id,item_id,domain"]
    texts = ["user_id,text"]
    for number, (interest, titles) in enumerate(TITLES.items()):
        for domain, own in zip(DOMAINS, titles, strict=True):
            items += [
                f"{item_id(domain, number, k)},{domain},{title},{interest}"
                for k, title in enumerate(own)
            ]
    for user in range(USERS):
        number = user % len(TITLES)
        liked = [(user // len(TITLES) + step) % 6 for step in (0, 1, 3)]
        interactions += [
            f"u{user},{item_id(domain, number, k)},{domain}" for domain in DOMAINS for k in liked
        ]
        if user % 2:
            texts.append(f"u{user},I love {[*TITLES][number]}. Number {user}")
    categories = ["category,language,name", "ghost stories,zh,鬼故事"]
    tables = {
        "items": items,
        "interactions": interactions,
        "texts": texts,
        "categories": categories,
    }
    for name, lines in tables.items():
        (folder / f"{name}.csv").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def encoded(server_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """The items, users and texts after `isthmus encode`; its tests only read."""
    folder = write_tables(tmp_path_factory.mktemp("tables"))
    with connect(server_settings) as graph:
        delete_all(graph)
        ingest_dataset(graph, read_dataset(folder), folder, server_settings)
        encode_and_find_interests(graph, server_settings)
        yield graph


class Answers:
    """What a graph answers to texts, with the settings' encoder."""

    def __init__(self, graph: Graph, settings: Settings) -> None:
        self.graph = graph
        self.encoder = load_encoder(settings.encoder, settings.home, settings.threads)
        self.cache = VectorCache(settings.home / "vectors")

    def recommend(self, text: str, domain: str = "films", n: int = 6) -> dict[str, Any]:
        return recommend_for_text(self.graph, self.encoder, self.cache, text, domain, n)

    def judge(
        self, text: str, domain: str = "films", items: list[str] | None = None
    ) -> dict[str, Any]:
        return judge_text(self.graph, self.encoder, self.cache, text, domain, items)


@pytest.fixture(scope="module")
def answers(encoded: Graph, server_settings: Settings) -> Answers:
    return Answers(encoded, server_settings)


def interests(items: list[dict[str, Any]]) -> list[str]:
    """The interest of each item of an answer."""
    return [[*TITLES][int(item["item_id"][1])] for item in items]


def check_probabilities(items: list[dict[str, Any]]) -> None:
    """No verdict contradicts a probability, or the order of the list."""
    probabilities = [item["probability"] for item in items]
    assert probabilities == sorted(probabilities, reverse=True)
    assert all(0 <= probability <= 1 for probability in probabilities)
    for item in items:
        assert item.get("likes", False) == (item["probability"] >= 0.5)
        if "verdict" in item:
            positive = item["verdict"] in ("喜欢", "likes")
            assert positive == (item["probability"] >= 0.5)
        total = sum(path["share"] for path in item["paths"])
        assert total == pytest.approx(item["score"], abs=1e-6)


WANTED = [
    ("I love space adventures.", "space adventures"),
    ("Can you recommend something about football?", "football"),
    ("我最喜欢做饭和美食了！", "cooking"),
    ("有没有关于种花的？", "gardening"),
]


@pytest.mark.parametrize(("text", "interest"), WANTED)
@pytest.mark.parametrize("domain", DOMAINS)
def test_what_a_text_wants_comes_first_in_every_domain(
    answers: Answers, text: str, interest: str, domain: str
) -> None:
    answer = answers.recommend(text, domain)
    assert interests(answer["items"])[:5] == [interest] * 5
    assert (answer["user"], answer["domain"], answer["generation"]) == (None, domain, None)
    assert answer["left_out"] == []
    check_probabilities(answer["items"])
    assert answer["items"][0]["likes"]
    assert answer["items"][0]["verdict"] == ("喜欢" if "了" in text or "花" in text else "likes")
    assert "isthmus retrain" in answer["note"]


@pytest.mark.parametrize(
    ("text", "name", "because", "note"),
    [
        (
            "I can't stand ghost stories.",
            "ghost stories",
            "I can't stand ghost stories",
            "left out: ghost stories, because you wrote “I can't stand ghost stories”",
        ),
        (
            "我最讨厌鬼故事了。",
            "鬼故事",
            "我最讨厌鬼故事了",
            "未列出：鬼故事，因为你写了“我最讨厌鬼故事了”。",
        ),
    ],
)
def test_a_complaint_leaves_its_interest_out_and_says_so_in_the_language_of_the_text(
    answers: Answers, text: str, name: str, because: str, note: str
) -> None:
    answer = answers.recommend(text, n=36)
    assert answer["left_out"] == [
        {
            "interest": "category:ghost stories",
            "name": name,
            "because": because,
        }
    ]
    assert note in answer["note"].splitlines()
    assert len(answer["items"]) == 30
    assert "ghost stories" not in interests(answer["items"])
    # It asks for nothing, so nothing is said of what its writer likes.
    assert not any({"probability", "likes", "verdict"} & {*item} for item in answer["items"])
    assert note in format_answer(answer)


@pytest.mark.parametrize(
    ("text", "wanted", "rejected"),
    [
        ("I love romance but I hate football", "romance", "football"),
        ("我喜欢园艺和种花，但是受不了爱情故事", "gardening", "romance"),
    ],
)
def test_a_text_may_want_one_interest_and_reject_another(
    answers: Answers, text: str, wanted: str, rejected: str
) -> None:
    answer = answers.recommend(text, n=36)
    assert [row["name"] for row in answer["left_out"]] == [rejected]
    found = interests(answer["items"])
    assert found[:5] == [wanted] * 5
    assert rejected not in found
    check_probabilities(answer["items"])


def test_an_exception_leaves_its_interest_out(answers: Answers) -> None:
    for text, name in (
        ("除了鬼故事都行", "鬼故事"),
        ("Any film except ghost stories", "ghost stories"),
    ):
        answer = answers.recommend(text, n=36)
        assert [row["name"] for row in answer["left_out"]] == [name]
        assert "ghost stories" not in interests(answer["items"])


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("See you tomorrow!", "The text is about nothing in the catalogue: these are popular"),
        ("明天见！", "这段话没有提到目录里的东西：以下是 films 里的热门。"),
    ],
)
def test_a_text_about_nothing_gets_popular_items_and_a_note(
    answers: Answers, text: str, note: str
) -> None:
    answer = answers.recommend(text)
    assert note in answer["note"]
    assert answer["left_out"] == []
    assert not any("probability" in item for item in answer["items"])
    popular = answers.graph.run(
        "MATCH (i:Item {domain: 'films'}) RETURN i.item_id AS id ORDER BY i.popularity DESC, i.key",
        {},
    )
    assert [item["item_id"] for item in answer["items"]] == [row["id"] for row in popular][:6]
    for item in answer["items"]:
        assert {path["kind"] for path in item["paths"]} == {"popularity"}


def test_given_items_are_judged_and_no_others(answers: Answers) -> None:
    items = ["f00", "f10", "f20", "f30", "f40", "f50"]
    answer = answers.judge("I love football", items=items)
    assert {item["item_id"] for item in answer["items"]} == {*items}
    assert answer["items"][0]["item_id"] == "f30"
    assert answer["items"][0]["verdict"] == "likes"
    check_probabilities(answer["items"])
    assert all({"likes", "verdict"} <= {*item} for item in answer["items"])
    assert answer["calibration"] == {"error": None, "pairs": None}
    # Rejected items are judged too.
    answer = answers.judge("我讨厌足球", items=items)
    assert len(answer["items"]) == 6
    assert answer["items"][-1]["item_id"] == "f30"
    assert answer["items"][-1]["verdict"] == "不喜欢"
    check_probabilities(answer["items"])


def test_an_item_has_the_same_probability_in_a_judgement_and_in_a_recommendation(
    answers: Answers,
) -> None:
    text = "I love football but I hate romance"
    shown = {i["item_id"]: i["probability"] for i in answers.recommend(text)["items"]}
    judged = {i["item_id"]: i["probability"] for i in answers.judge(text)["items"]}
    assert len(judged) == 36
    assert shown == pytest.approx({item: judged[item] for item in shown}, abs=1e-3)


def test_an_unknown_item_or_domain_is_an_error_that_names_it(answers: Answers) -> None:
    with pytest.raises(InputError, match=r"no item 'f99' in 'films'\."):
        answers.judge("I love football", items=["f30", "f99"])
    with pytest.raises(InputError, match=r"no item 'b00' in 'films', and 1 more"):
        answers.judge("I love football", items=["f30", "zz", "b00"])
    for items in (None, [], ["f30"]):
        with pytest.raises(InputError, match="no domain 'fims'"):
            answers.judge("I love football", "fims", items)
    with pytest.raises(InputError, match="no domain 'fims'"):
        answers.recommend("I love football", "fims")
    with pytest.raises(InputError, match="no items to judge"):
        answers.judge("I love football", items=[])


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_an_empty_text_is_an_error(answers: Answers, text: str) -> None:
    with pytest.raises(InputError, match="The text is empty"):
        answers.recommend(text)
    with pytest.raises(InputError, match="The text is empty"):
        answers.judge(text)


def test_the_judge_command_reads_the_items_of_a_file(
    answers: Answers, server_settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "ids.txt").write_text("f30\n\n  f10 \n", encoding="utf-8")
    call = ["--text", "I love football", "-d", "films", "--home", str(server_settings.home)]
    call += ["--items", str(tmp_path / "ids.txt")]
    result = CliRunner().invoke(judge_command, [*call, "--json"], catch_exceptions=False)
    document = json.loads(result.stdout)
    assert [item["item_id"] for item in document["items"]] == ["f30", "f10"]
    assert document == json.loads(
        json.dumps(answers.judge("I love football", items=["f30", "f10"]))
    )
    result = CliRunner().invoke(judge_command, call, catch_exceptions=False)
    first, second = result.stdout.splitlines()
    assert first.startswith("  1. The striker from the harbour club  likes ")
    assert first.endswith("%")
    assert second.startswith("  2. Night of the vampires  does not like ")
    result = CliRunner().invoke(judge_command, [*call[:-1], "-"], input="f99\n")
    assert isinstance(result.exception, InputError)
    assert "'f99'" in str(result.exception)


def test_the_command_recommends_for_a_text(encoded: Graph, server_settings: Settings) -> None:
    call = ["--text", "I love football but I hate romance", "-d", "films", "-n", "3"]
    call += ["--home", str(server_settings.home)]
    result = CliRunner().invoke(recommend_command, call, catch_exceptions=False)
    lines = result.stdout.splitlines()
    assert "left out: romance, because you wrote “I hate romance”" in lines
    items = [line for line in lines if line.lstrip()[:2] in ("1.", "2.", "3.")]
    assert len(items) == 3
    assert "  likes " in items[0]
    result = CliRunner().invoke(recommend_command, [*call, "--explain"], catch_exceptions=False)
    assert "It belongs to football, which fits what you wrote." in result.stdout
    result = CliRunner().invoke(recommend_command, [*call, "--paths"], catch_exceptions=False)
    assert "similar to “I love football”" in result.stdout
    assert "interest in football" in result.stdout


def test_after_a_retraining_texts_are_answered_by_the_edges_and_calibrated_probabilities(
    encoded: Graph, answers: Answers, server_settings: Settings
) -> None:
    """The last test of `encoded`, which gets a generation here."""
    summary = retrain(encoded, server_settings, force=True)
    for text, interest in WANTED:
        answer = answers.recommend(text, n=5)
        assert answer["generation"] == summary["generation"]
        assert "note" not in answer
        assert interests(answer["items"]) == [interest] * 5
        check_probabilities(answer["items"])
    answer = answers.recommend("I love romance but I hate football", n=36)
    assert [row["name"] for row in answer["left_out"]] == ["football"]
    assert "football" not in interests(answer["items"])
    assert interests(answer["items"])[:5] == ["romance"] * 5
    calibrated = calibrate(encoded, server_settings)
    assert {*calibrated} == {*DOMAINS}
    for domain in DOMAINS:
        document = answers.judge("I love football", domain)
        assert document["calibration"] == {
            "error": calibrated[domain].error,
            "pairs": calibrated[domain].pairs,
        }
        assert calibrated[domain].probabilities == sorted(calibrated[domain].probabilities)
        check_probabilities(document["items"])
        assert interests(document["items"])[:6] == ["football"] * 6
        assert document["items"][0]["likes"]
        assert not document["items"][-1]["likes"]


TITLES_OF_GOODS = (
    "这个商品是历史小说。",
    "这个商品是科幻小说。",
    "这个商品是电影。",
    "这个商品是音乐。",
)


def test_a_text_that_likes_historical_novels_likes_the_historical_novel_alone(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    rows = "".join(f"{k},goods,{title}\n" for k, title in enumerate(TITLES_OF_GOODS))
    (tmp_path / "items.csv").write_text("item_id,domain,title\n" + rows, encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    encode_and_find_interests(graph, server_settings)
    call = ["--text", "我喜欢阅读历史小说。", "--domain", "goods"]
    call += ["--home", str(server_settings.home), "--json"]
    result = CliRunner().invoke(judge_command, call, catch_exceptions=False)
    items = json.loads(result.stdout)["items"]
    assert items[0]["title"] == TITLES_OF_GOODS[0]
    assert [item["verdict"] for item in items] == ["喜欢", "不喜欢", "不喜欢", "不喜欢"]
    assert [item["likes"] for item in items] == [True, False, False, False]
    check_probabilities(items)
    result = CliRunner().invoke(recommend_command, call, catch_exceptions=False)
    shown = json.loads(result.stdout)["items"]
    assert shown[0]["title"] == TITLES_OF_GOODS[0]
    assert [item.get("verdict") for item in shown] == ["喜欢", None, None, None]


def test_a_domain_of_too_many_items_is_judged_only_in_parts(
    graph: Graph, server_settings: Settings
) -> None:
    many = Answers(graph, server_settings)
    graph.run(
        "CREATE (:Domain {name: 'films'}) "
        "CREATE (:Encoder {version: 1, state: 'active', name: $name, fingerprint: $fingerprint}) "
        "WITH 1 AS one UNWIND range(1, $n) AS k "
        "CREATE (:Item {key: 'films:' + k, domain: 'films', item_id: '' + k, popularity: 0.0})",
        {
            "name": many.encoder.name,
            "fingerprint": many.encoder.fingerprint,
            "n": MAX_JUDGED_ITEMS + 1,
        },
    )
    with pytest.raises(InputError, match="more than 1,000 items") as refused:
        many.judge("I love football")
    assert "--items FILE" in str(refused.value.advice)
    assert len(many.judge("I love football", items=["7", "1001"])["items"]) == 2
    graph.run("MATCH (i:Item {item_id: '1001'}) DELETE i", {})
    assert len(many.judge("I love football")["items"]) == MAX_JUDGED_ITEMS


def test_a_text_on_a_graph_where_nothing_is_encoded_gets_popular_items_and_advice(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    folder = write_tables(tmp_path)
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    call = ["--text", "I love football", "-d", "films", "--home", str(server_settings.home)]
    result = CliRunner().invoke(recommend_command, [*call, "--json"], catch_exceptions=False)
    answer = json.loads(result.stdout)
    assert len(answer["items"]) == 10
    assert "isthmus encode" in answer["note"]
    assert answer["left_out"] == []
    assert not any("probability" in item for item in answer["items"])
    result = CliRunner().invoke(judge_command, call)
    assert isinstance(result.exception, InputError)
    assert "isthmus encode" in str(result.exception.advice)


def test_texts_are_read_in_a_graph_without_interests(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    """Items without titles and categories have neither embeddings nor interests."""
    (tmp_path / "items.csv").write_text("item_id,domain\n1,films\n2,films\n", encoding="utf-8")
    (tmp_path / "texts.csv").write_text("user_id,text\nana,I love jazz\n", encoding="utf-8")
    ingest_dataset(graph, read_dataset(tmp_path), tmp_path, server_settings)
    _, summary = encode_and_find_interests(graph, server_settings)
    assert (summary.interests, summary.texts) == (0, 1)
    answer = Answers(graph, server_settings).recommend("I love football")
    assert {item["item_id"] for item in answer["items"]} == {"1", "2"}


def test_a_user_with_one_review_of_each_of_many_items_is_read(
    graph: Graph, server_settings: Settings, tmp_path: Path
) -> None:
    """No other writer can be held out from the learned reader, so names serve."""
    folder = write_tables(tmp_path)
    ids = [
        (domain, item_id(domain, number, k))
        for domain in DOMAINS
        for number in range(len(TITLES))
        for k in range(6)
    ]
    rows = [f"u0,{item},{domain},I enjoyed it a lot\n" for domain, item in ids]
    (folder / "texts.csv").write_text(
        "user_id,item_id,domain,text\n" + "".join(rows), encoding="utf-8"
    )
    ingest_dataset(graph, read_dataset(folder), folder, server_settings)
    _, summary = encode_and_find_interests(graph, server_settings)
    assert summary.texts == len(ids) >= 50
    answer = recommend_for_user(graph, "u1", "films", 3, server_settings)
    assert len(answer["items"]) == 3
