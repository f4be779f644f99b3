"""MovieLens is read in its published formats."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import resolve_items
from isthmus.graph.sources import read_dataset

FLAGS = {"Animation": 3, "Children's": 4, "Comedy": 5}


@pytest.fixture
def latest(tmp_path: Path) -> Path:
    """The format of ml-latest-small and 20M, 25M, 32M."""
    (tmp_path / "movies.csv").write_text(
        "movieId,title,genres\n"
        "1,Toy Story (1995),Adventure|Animation|Children|Comedy|Fantasy\n"
        '11,"American President, The (1995)",Comedy|Drama|Romance\n'
        "171749,Death Note: Desu nôto (2006–2007),(no genres listed)\n",
        encoding="utf-8",
    )
    (tmp_path / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n"
        "1,1,4.0,964982703\n1,11,0.5,964981247\n2,1,5.0,1445714835\n2,171749,2.5,1445714835\n"
    )
    (tmp_path / "tags.csv").write_text(
        'userId,movieId,tag,timestamp\n2,1,"pixar, funny",1445714994\n2,1,fun,1445714996\n'
    )
    (tmp_path / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0114709,862\n")
    return tmp_path


def test_latest_edition_is_read_as_films_with_genres(latest: Path):
    data = read_dataset(latest)
    assert data.rejected.is_empty()
    assert set(data.items["domain"]) == {"films"}
    assert data.items["title"].to_list()[1] == "American President, The (1995)"
    assert data.items["categories"].to_list() == [
        ["Adventure", "Animation", "Children", "Comedy", "Fantasy"],
        ["Comedy", "Drama", "Romance"],
        [],
    ]


def test_year_in_the_title_is_the_publication_date(latest: Path):
    year_1995 = datetime(1995, 1, 1, tzinfo=UTC).timestamp()
    assert read_dataset(latest).items["published_at"].to_list() == [year_1995, year_1995, None]


def test_ratings_of_three_and_a_half_and_more_are_likes(latest: Path):
    data = read_dataset(latest)
    assert data.interactions["weight"].to_list() == pytest.approx([0.5, -1.0, 1.0, -0.25])
    assert data.interactions["timestamp"][0] == 964_982_703
    assert set(data.interactions["kind"]) == {"rating"}


def test_tags_become_texts_about_their_film(latest: Path):
    data = read_dataset(latest)
    assert data.texts.select("user_id", "item_id", "text", "kind").rows() == [
        ("2", "1", "pixar, funny", "tag"),
        ("2", "1", "fun", "tag"),
    ]


def test_all_items_of_ratings_and_tags_exist(latest: Path):
    data = read_dataset(latest)
    for frame in (data.interactions, data.texts):
        resolved, rejected = resolve_items(frame, data.items)
        assert resolved.height == frame.height
        assert rejected.is_empty()


def test_rating_above_five_is_rejected(latest: Path):
    with (latest / "ratings.csv").open("a") as file:
        file.write("3,1,6,1445714835\n")
    data = read_dataset(latest)
    assert data.rejected.rows() == [("ratings.csv", 6, "rating", "6", "is not between 0.5 and 5")]
    assert data.rows == 3 + 5 + 2


def test_missing_rating_column_is_an_error(latest: Path):
    (latest / "ratings.csv").write_text("userId,movieId,stars\n1,1,4\n")
    with pytest.raises(InputError, match=r"ratings\.csv has no column rating"):
        read_dataset(latest)


def test_1m_is_read_as_latin_1(tmp_path: Path):
    (tmp_path / "movies.dat").write_bytes(
        "1::Toy Story (1995)::Animation|Children's|Comedy\n"
        "73::Misérables, Les (1995)::Drama|Musical\n".encode("latin-1")
    )
    (tmp_path / "ratings.dat").write_text("1::1::5::978300760\n1::73::3::978302109\n1::73::3\n")
    (tmp_path / "users.dat").write_text("1::F::1::10::48067\n")
    data = read_dataset(tmp_path)
    assert data.items["title"].to_list() == ["Toy Story (1995)", "Misérables, Les (1995)"]
    assert data.interactions["weight"].to_list() == pytest.approx([1.0, 0.0])
    assert data.rejected.rows() == [
        ("ratings.dat", 3, None, "1::73::3", "the row has 3 fields, not 4")
    ]


def test_10m_is_read_as_utf_8_with_tags(tmp_path: Path):
    (tmp_path / "movies.dat").write_text("73::Misérables, Les (1995)::Drama\n", encoding="utf-8")
    (tmp_path / "ratings.dat").write_text("1::73::4.5::838985046\n")
    (tmp_path / "tags.dat").write_text("15::73::très bon::1215184630\n", encoding="utf-8")
    data = read_dataset(tmp_path)
    assert data.items["title"].to_list() == ["Misérables, Les (1995)"]
    assert data.interactions["weight"].to_list() == pytest.approx([0.75])
    assert data.texts["text"].to_list() == ["très bon"]


def test_100k_is_read_with_genres_from_their_columns(tmp_path: Path):
    flags = "|".join("1" if n in FLAGS.values() else "0" for n in range(19))
    unknown = "1" + "|0" * 18
    (tmp_path / "u.item").write_bytes(
        f"1|Toy Story (1995)|01-Jan-1995||http://us.imdb.com/M/title-exact?Toy|{flags}\n"
        f"267|Misérables (1995)||||{unknown}\n".encode("latin-1")
    )
    (tmp_path / "u.data").write_text("196\t1\t3\t881250949\n186\t267\t1\t891717742\n")
    data = read_dataset(tmp_path)
    assert data.rejected.is_empty()
    assert data.items["categories"].to_list() == [list(FLAGS), []]
    assert data.items["title"].to_list()[1] == "Misérables (1995)"
    assert data.interactions.select("user_id", "item_id").rows() == [("196", "1"), ("186", "267")]
    assert data.interactions["weight"].to_list() == pytest.approx([0.0, -1.0])
