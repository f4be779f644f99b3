"""Public datasets are read as published: a miniature of each, with its encoding and its flaws."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from math import log, log2
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest import Dataset, resolve_items
from isthmus.graph.sources import read_dataset


def write(folder: Path, **files: str | bytes) -> Path:
    """Writes files; `ratings_dat="…"` is ratings.dat, and `a__b_json` is a_b.json."""
    folder.mkdir(exist_ok=True, parents=True)
    for name, content in files.items():
        stem, _, extension = name.replace("__", "\0").replace("_", ".").partition(".")
        path = folder / f"{stem}.{extension}".replace("\0", "_")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def lines(*rows: object) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def read(folder: Path, rejected: int = 0) -> Dataset:
    """Reads a folder, in which every interaction and text must find its item."""
    data = read_dataset(folder)
    assert data.rejected.height == rejected, data.rejected
    for frame in (data.interactions, data.texts):
        assert resolve_items(frame, data.items)[1].is_empty()
    return data


def seconds(*moment: int) -> float:
    return datetime(*moment, tzinfo=UTC).timestamp()


def items(data: Dataset) -> list[tuple[object, ...]]:
    return data.items.select("item_id", "title", "categories").rows()


def weights(data: Dataset) -> dict[tuple[str, str], float]:
    rows = data.interactions.select("user_id", "item_id", "weight").rows()
    return {(user, item): pytest.approx(weight) for user, item, weight in rows}


def test_movie_tweetings_has_grades_from_0_to_10(tmp_path: Path):
    write(
        tmp_path,
        users_dat="1::139564917\n2::522540374\n",
        movies_dat="0000008::Edison Kinetoscopic Record of a Sneeze (1894)::Documentary|Short\n"
        "0114508::Species (1995)::\n",
        ratings_dat="1::0114508::8::1381006850\n2::0114508::0::1381006851\n"
        "2::0000008::6::1381006852\n2::0499549::7::1381006853\n",
    )
    data = read(tmp_path)
    assert items(data) == [
        ("0000008", "Edison Kinetoscopic Record of a Sneeze (1894)", ["Documentary", "Short"]),
        ("0114508", "Species (1995)", []),
        ("0499549", "", []),
    ]
    assert weights(data) == {
        ("1", "0114508"): 0.5,
        ("2", "0114508"): -1.0,
        ("2", "0000008"): 0.0,
        ("2", "0499549"): 0.25,
    }
    assert data.interactions["timestamp"][0] == 1381006850


def test_a_dataset_in_a_folder_below_is_found_and_its_format_is_logged(tmp_path: Path, caplog):
    caplog.set_level("INFO", logger="isthmus")
    write(
        tmp_path / "ml-1m",
        movies_dat="1::Toy Story (1995)::Animation|Children's|Comedy\n",
        ratings_dat="1::1::1::978300760\n",
        users_dat="1::F::1::10::48067\n",
        README="see the site",
    )
    data = read(tmp_path)
    assert weights(data) == {("1", "1"): -1.0}
    assert "ml-1m is recognised as MovieLens 1M: movies.dat, ratings.dat, users.dat" in caplog.text
    assert "not read: README" in caplog.text
    assert "weights: ratings from 1 to 5: 3.5 and above are likes" in caplog.text
    weight = data.readings["interactions"]["weight"]
    assert weight.notes == ("ratings from 1 to 5: 3.5 and above are likes, below 3 dislikes",)


def test_several_datasets_below_a_folder_are_named(tmp_path: Path):
    for name in ("a", "b"):
        write(tmp_path / name, u_item=f"1|T (1995)|||{'|0' * 19}\n", u_data="1\t1\t5\t0\n")
    with pytest.raises(InputError, match=r"several datasets: a \(MovieLens 100K\), b"):
        read_dataset(tmp_path)


BOOKS_HEADER = ("ISBN", "Book-Title", "Book-Author", "Year-Of-Publication", "Publisher")
BOOK_ROWS = (
    ("034545104X", "Bücher &amp; mehr", "A", "2002", "P"),
    ("0155061224", "Rites", "B", "0", "Q &amp; R"),
)
RATINGS_HEADER = ("User-ID", "ISBN", "Book-Rating")
RATING_ROWS = (
    ("276725", "034545104x", "0"),
    ("276726", "0155061224", "7"),
    ("276726", "034545104X", "3"),
    ("276729", "9999999999", "10"),
)


def quoted(separator: str, *rows: tuple[str, ...]) -> str:
    return "".join(separator.join(f'"{field}"' for field in row) + "\r\n" for row in rows)


@pytest.mark.parametrize(
    ("separator", "names"),
    [(";", ("BX-Books", "BX-Book-Ratings", "BX-Users")), (",", ("Books", "Ratings", "Users"))],
)
def test_book_crossing_has_grades_from_1_to_10_and_0_for_a_book_without_one(
    tmp_path: Path, separator: str, names: tuple[str, ...]
):
    quote = '\\"' if separator == ";" else '""'
    said = ("0440500702", f"The {quote}J.{quote}; a, b", "C", "DK Inc", "S")
    content = (
        quoted(separator, BOOKS_HEADER, *BOOK_ROWS, said),
        quoted(separator, RATINGS_HEADER, *RATING_ROWS),
    )
    for name, text in zip(names, (*content, '"User-ID";"Location"\n'), strict=True):
        (tmp_path / f"{name}.csv").write_bytes(text.encode("latin-1"))
    data = read(tmp_path)
    assert items(data) == [
        ("034545104X", "Bücher & mehr", []),
        ("0155061224", "Rites", []),
        ("0440500702", 'The "J."; a, b', []),
        ("9999999999", "", []),
    ]
    assert data.items["published_at"].to_list() == [seconds(2002, 1, 1), None, None, None]
    assert data.items["text"].to_list()[1] == "B\nQ & R"
    assert weights(data) == {
        ("276725", "034545104X"): 0.2,
        ("276726", "0155061224"): 0.25,
        ("276726", "034545104X"): -0.75,
        ("276729", "9999999999"): 1.0,
    }
    assert data.interactions["kind"].to_list()[:2] == ["implicit", "rating"]


def book(number: str, **fields: object) -> dict[str, object]:
    shelves = ("to-read", "fantasy", "owned", "magic")
    return {
        "book_id": number,
        "title": "Ring &amp; Fire",
        "description": "A <i>long</i> way.<br />Home.",
        "popular_shelves": [{"count": "9", "name": name} for name in shelves],
        "authors": [{"author_id": "1", "role": ""}],
        "publication_year": "1954",
        "series": [],
    } | fields


def shelved(user: str, number: str, **fields: object) -> dict[str, object]:
    return {
        "user_id": user,
        "book_id": number,
        "review_id": "r",
        "is_read": True,
        "rating": 0,
        "review_text_incomplete": "",
        "date_added": "Mon Jul 31 21:35:10 -0700 2017",
        "read_at": "",
    } | fields


def test_goodreads_tells_ratings_from_books_read_and_shelved(tmp_path: Path):
    actions = lines(
        shelved("u1", "1", rating=5),
        shelved("u1", "2"),
        shelved("u2", "2", is_read=False),
        shelved("u2", "3", rating=2),
    )
    reviews = lines(
        {"user_id": "u1", "book_id": "1", "rating": 5, "review_text": "Great&nbsp;book"}
        | {"date_added": "Wed Mar 22 11:37:04 -0700 2017"}
    )
    write(
        tmp_path,
        goodreads__books_json_gz=gzip.compress(
            lines(book("1"), book("2", publication_year="", popular_shelves=[])).encode()
        ),
        goodreads__interactions__dedup_json_gz=gzip.compress(actions.encode()),
        goodreads__reviews__dedup_json=reviews,
    )
    data = read(tmp_path)
    assert items(data) == [
        ("1", "Ring & Fire", ["fantasy", "magic"]),
        ("2", "Ring & Fire", []),
        ("3", "", []),
    ]
    assert set(data.items["domain"]) == {"books"}
    assert data.items["text"][0] == "A long way.\nHome."
    assert data.items["published_at"].to_list() == [seconds(1954, 1, 1), None, None]
    assert weights(data) == {
        ("u1", "1"): 1.0,
        ("u1", "2"): 0.2,
        ("u2", "2"): 0.2,
        ("u2", "3"): -0.5,
    }
    assert data.interactions["kind"].to_list() == ["rating", "read", "shelf", "rating"]
    assert data.interactions["timestamp"][0] == seconds(2017, 8, 1, 4, 35, 10)
    assert data.texts.select("user_id", "item_id", "text").rows() == [("u1", "1", "Great\xa0book")]
    assert data.rows == 2 + 4 + 1


def test_goodreads_of_a_genre_is_a_domain_with_its_fuzzy_genres(tmp_path: Path):
    write(
        tmp_path,
        goodreads__books__poetry_json=lines(book("1")),
        goodreads__books__romance_json=lines(book("9")),
        goodreads__interactions__poetry_json=lines(shelved("u", "1", rating=4)),
        goodreads__reviews__romance_json=lines(
            shelved("u", "9", rating=3, review_text="So so") | {"is_read": None}
        ),
        goodreads__book__genres__initial_json=lines(
            {"book_id": "1", "genres": {"poetry": 30, "fantasy, paranormal": 2}},
            {"book_id": "9", "genres": {}},
        ),
    )
    data = read(tmp_path)
    assert data.items.select("domain", "item_id", "categories").rows() == [
        ("poetry", "1", ["poetry", "fantasy, paranormal"]),
        ("romance", "9", ["fantasy", "magic"]),
    ]
    assert data.interactions.select("domain", "weight").rows() == [("poetry", 0.5), ("romance", 0)]
    assert data.texts.select("domain", "text").rows() == [("romance", "So so")]
    assert data.rows == 4


def test_goodreads_numbers_of_the_csv_are_replaced_by_the_ids_of_the_books(tmp_path: Path):
    write(
        tmp_path,
        goodreads__books_json=lines(book("34684622")),
        goodreads__interactions_csv="user_id,book_id,is_read,rating,is_reviewed\n0,948,1,5,0\n",
    )
    with pytest.raises(InputError, match=r"book_id_map\.csv"):
        read_dataset(tmp_path)
    write(tmp_path, book__id__map_csv="book_id_csv,book_id\n948,34684622\n")
    data = read(tmp_path)
    assert weights(data) == {("0", "34684622"): 1.0}
    assert data.items.height == 1


def test_yelp_has_stars_tips_and_friends(tmp_path: Path):
    prefix = "yelp_academic_dataset_"
    (tmp_path / f"{prefix}business.json").write_text(
        lines(
            {
                "business_id": "b1",
                "name": "Ann &amp; Bob's",
                "city": "Reno",
                "stars": 4.5,
                "attributes": {"WiFi": "u'free'"},
                "categories": "Bars, Food & Drink",
                "hours": None,
            },
            {"business_id": "b2", "name": "Two", "categories": None, "attributes": None},
        )
    )
    review = {"review_id": "r", "user_id": "u1", "business_id": "b1", "useful": 0}
    (tmp_path / f"{prefix}review.json").write_text(
        lines(
            review | {"stars": 5.0, "text": "Good\n\nplace", "date": "2018-07-07 22:09:11"},
            review | {"stars": 3.0, "text": "", "date": "2018-07-08", "business_id": "b3"},
        )
    )
    (tmp_path / f"{prefix}tip.json").write_text(
        lines(review | {"user_id": "u2", "text": "Go!", "date": "2012-05-18 02:17:21"})
    )
    (tmp_path / f"{prefix}user.json").write_text(
        lines(
            {"user_id": "u1", "name": "X", "friends": "u2, u99, u2", "elite": ""},
            {"user_id": "u2", "name": "Y", "friends": "None"},
        )
    )
    (tmp_path / f"{prefix}checkin.json").write_text(lines({"business_id": "b1", "date": "2016"}))
    data = read(tmp_path)
    assert items(data) == [
        ("b1", "Ann & Bob's", ["Bars", "Food & Drink"]),
        ("b2", "Two", []),
        ("b3", "", []),
    ]
    assert weights(data) == {("u1", "b1"): 1.0, ("u1", "b3"): 0.0}
    assert data.interactions["timestamp"][0] == seconds(2018, 7, 7, 22, 9, 11)
    assert data.texts.select("user_id", "text", "kind").rows() == [
        ("u1", "Good\n\nplace", "review"),
        ("u2", "Go!", "tip"),
    ]
    assert data.follows.select("user_id", "follows_id").rows() == [("u1", "u2")]
    assert data.rows == 2 + 2 + 1 + 1


def test_last_fm_damps_plays_and_takes_frequent_tags_as_categories(tmp_path: Path):
    tab = "\t".join
    rows = [("2", "51", "13883"), ("2", "52", "1"), ("3", "51", "31"), ("3", "99", "999")]
    write(
        tmp_path,
        artists_dat="id\tname\turl\tpictureURL\r\n51\tDuran Duran\thttp://x\thttp://y\r\n"
        "52\tBjörk\thttp://x\t\r\n",
        user__artists_dat="\r\n".join(map(tab, [("userID", "artistID", "weight"), *rows])),
        tags_dat="tagID\ttagValue\r\n1\t80s\r\n2\tmétal\r\n".encode("latin-1"),
        user__taggedartists_dat="userID\tartistID\ttagID\tday\tmonth\tyear\r\n"
        "2\t51\t1\t1\t4\t2009\r\n3\t51\t1\t1\t5\t2009\r\n3\t52\t2\t1\t5\t2009\r\n",
        user__friends_dat="userID\tfriendID\r\n2\t3\r\n3\t2\r\n",
    )
    data = read(tmp_path)
    assert items(data) == [("51", "Duran Duran", ["80s"]), ("52", "Björk", []), ("99", "", [])]
    assert weights(data) == {
        ("2", "51"): 1.0,
        ("2", "52"): 0.2,
        ("3", "51"): log(32) / log(1001),
        ("3", "99"): log(1000) / log(1001),
    }
    assert data.texts.select("user_id", "item_id", "text", "timestamp").rows()[1:] == [
        ("3", "51", "80s", seconds(2009, 5, 1)),
        ("3", "52", "métal", seconds(2009, 5, 1)),
    ]
    assert data.follows.select("user_id", "follows_id").rows() == [("2", "3"), ("3", "2")]


def test_last_fm_prefers_the_times_of_tags_to_their_days(tmp_path: Path):
    write(
        tmp_path,
        artists_dat="id\tname\turl\tpictureURL\n51\tDuran\t\t\n",
        user__artists_dat="userID\tartistID\tweight\n2\t51\t10\n",
        tags_dat="tagID\ttagValue\n1\t80s\n",
        user__taggedartists_dat="userID\tartistID\ttagID\tday\tmonth\tyear\n2\t51\t1\t1\t4\t2009\n",
    )
    (tmp_path / "user_taggedartists-timestamps.dat").write_text(
        "userID\tartistID\ttagID\ttimestamp\n2\t51\t1\t1238536800000\n"
    )
    assert read(tmp_path).texts["timestamp"].to_list() == [1238536800.0]


MATRIX = (
    "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio\n"
    "0,0,138067,10867,2020-07-05 00:08:23.438,20200705,1593878903.438,12.7051\n"
    "0,1,13,10867,,,,0.0\n"
    "7,2,9,9,2020-07-05 00:08:23.438,20200705.0,1593878903.438,1.0\n"
)


def test_kuairec_weighs_how_much_of_a_video_was_watched(tmp_path: Path):
    caption_header = (
        "video_id,manual_cover_text,caption,topic_tag,first_level_category_id,"
        "first_level_category_name,second_level_category_id,second_level_category_name,"
        "third_level_category_id,third_level_category_name\n"
    )
    folder = tmp_path / "KuaiRec 2.0" / "data"
    write(
        folder,
        big__matrix_csv=MATRIX,
        item__categories_csv='video_id,feat\n0,[8]\n1,"[27, 9]"\n',
        kuairec__caption__category_csv=caption_header.encode()
        + '0,UNKNOWN,"精神\r小伙, 走","[五爱街,搞笑]",8,颜值,673,颜值随拍,-124,UNKNOWN\n'.encode()
        + "1,封面,,[],27,高新数码,-124,UNKNOWN,-124,UNKNOWN\n".encode(),
        social__network_csv='user_id,friend_list\n7,[0]\n0,"[7, 9]"\n',
        user__features_csv="user_id\n0\n",
    )
    data = read(tmp_path)
    assert items(data) == [
        ("0", "精神 小伙, 走", ["颜值", "颜值随拍"]),
        ("1", "封面", ["高新数码"]),
        ("2", "", []),
    ]
    assert data.items["text"].to_list() == ["五爱街 搞笑", None, None]
    assert weights(data) == {("0", "0"): 1.0, ("0", "1"): -log2(1.7), ("7", "2"): 1 - log2(1.7)}
    assert data.interactions["timestamp"].to_list() == [1593878903.438, None, 1593878903.438]
    assert data.follows.select("user_id", "follows_id").rows() == [
        ("7", "0"),
        ("0", "7"),
        ("0", "9"),
    ]


def test_kuairec_without_captions_has_numbers_of_categories(tmp_path: Path):
    write(
        tmp_path,
        small__matrix_csv=MATRIX,
        item__categories_csv='video_id,feat\n0,[8]\n1,"[27, 9]"\n',
    )
    assert items(read(tmp_path)) == [("0", "", ["8"]), ("1", "", ["27", "9"]), ("2", "", [])]


def test_steam_200k_has_purchases_and_hours_without_a_header(tmp_path: Path):
    (tmp_path / "steam-200k.csv").write_text(
        "151603712,The Elder Scrolls V Skyrim,purchase,1.0,0\n"
        "151603712,The Elder Scrolls V Skyrim,play,273.0,0\n"
        '5250,"Half-Life, Source",purchase,1.0,0\n'
        "5250,Dota 2,play,10.0,0\n"
    )
    data = read(tmp_path)
    assert items(data) == [
        (name, name, []) for name in ("The Elder Scrolls V Skyrim", "Half-Life, Source", "Dota 2")
    ]
    assert data.interactions.select("weight", "kind").rows() == [
        (0.2, "purchase"),
        (1.0, "play"),
        (0.2, "purchase"),
        (pytest.approx(log(11) / log(101)), "play"),
    ]
    assert data.rows == 4


def test_steam_of_ucsd_is_read_from_python_literals(tmp_path: Path):
    write(
        tmp_path,
        steam__games_json="{u'app_name': u'Lost &amp; Found', u'genres': [u'Action', u'Indie'], "
        "u'tags': [u'Indie', u'Strategy'], u'release_date': u'2018-01-04', u'early_access': False, "
        "u'id': u'761140'}\n{u'app_name': u'No id', u'genres': None}\n"
        "{u'app_name': u'Soon', u'title': u'Soon', u'release_date': u'Soon..', u'id': u'10'}\n",
        steam__reviews_json_gz=gzip.compress(
            "{u'username': u'Chaös', u'hours': 10.0, u'products': 41, u'product_id': u'761140', "
            "u'date': u'2017-12-17', u'text': u'This would not be\\nacceptable', "
            "u'early_access': False}\n".encode()
        ),
        australian__users__items_json="{'user_id': 'js41637', 'items_count': 2, 'items': ["
        "{'item_id': '10', 'item_name': 'Soon', 'playtime_forever': 600, 'playtime_2weeks': 0}, "
        "{'item_id': '20', 'item_name': 'Team', 'playtime_forever': 0, 'playtime_2weeks': 0}]}\n"
        "{'user_id': 'none', 'items_count': 0, 'items': []}\n",
        australian__user__reviews_json="{'user_id': 'js41637', 'reviews': [{'funny': '', "
        "'posted': 'Posted November 5, 2011.', 'item_id': '30', 'recommend': False, "
        "'review': 'Not “my” game'}]}\n",
    )
    data = read(tmp_path, rejected=1)
    assert data.rejected.select("file", "line", "column").rows() == [("steam_games.json", 2, "id")]
    assert items(data) == [
        ("761140", "Lost & Found", ["Action", "Indie", "Strategy"]),
        ("10", "Soon", []),
        ("20", "Team", []),
        ("30", "", []),
    ]
    assert data.items["published_at"].to_list() == [seconds(2018, 1, 4), None, None, None]
    assert weights(data) == {
        ("js41637", "10"): log(11) / log(101),
        ("js41637", "20"): 0.2,
        ("Chaös", "761140"): log(11) / log(101),
        ("js41637", "30"): -1.0,
    }
    times = dict(data.interactions.select("item_id", "timestamp").rows())
    assert times == {
        "10": None,
        "20": None,
        "761140": seconds(2017, 12, 17),
        "30": seconds(2011, 11, 5),
    }
    assert data.texts["text"].to_list() == ["This would not be\nacceptable", "Not “my” game"]
    assert data.rows == 3 + 1 + 2 + 1


def test_a_map_of_ids_alone_is_no_dataset(tmp_path: Path):
    write(tmp_path, book__id__map_csv="book_id_csv,book_id\n948,34684622\n")
    with pytest.raises(InputError, match=r"contains no table; it contains book_id_map\.csv"):
        read_dataset(tmp_path)


def test_a_line_that_cannot_be_split_or_parsed_is_rejected_with_its_number(tmp_path: Path):
    write(
        tmp_path,
        steam__games_json="{'app_name': 'A', 'id': '1'}\n{'app_name': 'B', 'id': \n",
        steam__reviews_json="{'username': 'u', 'product_id': '1', 'text': 'x', 'hours': 'many'}\n",
    )
    data = read(tmp_path, rejected=2)
    assert set(data.rejected.select("file", "line").rows()) == {
        ("steam_games.json", 2),
        ("steam_reviews.json", 1),
    }


def test_a_folder_of_tables_is_read_as_tables_beside_a_public_dataset(tmp_path: Path):
    write(
        tmp_path,
        items_csv="item_id,domain\n1,books\n",
        u_item=f"1|T (1995)|||{'|0' * 19}\n",
        u_data="1\t1\t5\t0\n",
    )
    assert read(tmp_path).items["domain"].to_list() == ["books"]
