"""Miniatures of the public datasets that are read as published, for fuzzing."""

from __future__ import annotations

import json
from random import Random
from typing import Any

from shared.fuzz_writing import Files

FIRST = 1_100_000_000
GENRES = ("Drama", "Comedy", "Crime", "Sci-Fi")
WORDS = ("good", "slow", "très beau", "loud &amp; long", "<p>fine</p>", "好看")


def draw_public(rng: Random) -> tuple[str, Files]:
    """Draws the miniature of one public dataset: its name and files."""
    name = rng.choice(list(MINIATURES))
    users, items = range(1, rng.randint(3, 8)), range(1, rng.randint(4, 9))
    pairs = [(u, i) for u in users for i in items if rng.random() < 0.6] or [(1, 1)]
    return name, MINIATURES[name](rng, pairs, list(items))


Pairs = list[tuple[int, int]]


def _lines(separator: str, rows: list[tuple[Any, ...]], header: str = "") -> bytes:
    lines = [header] if header else []
    lines += [separator.join(map(str, row)) for row in rows]
    return ("\n".join(lines) + "\n").encode()


def _objects(rows: list[dict[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _movielens_csv(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    movies = [(i, f'"The Film, {i} (1995)"', "|".join(rng.sample(GENRES, 2))) for i in items]
    ratings = [(u, i, rng.choice((0.5, 3.0, 4.5)), FIRST + u) for u, i in pairs]
    tags = [(u, i, rng.choice(WORDS), FIRST) for u, i in pairs[:3]]
    return {
        "movies.csv": _lines(",", movies, "movieId,title,genres"),
        "ratings.csv": _lines(",", ratings, "userId,movieId,rating,timestamp"),
        "tags.csv": _lines(",", tags, "userId,movieId,tag,timestamp"),
    }


def _movielens_1m(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    movies = [(i, f"Film {i} (1995)", rng.choice(GENRES)) for i in items]
    users = [(u, "F", 25, 3, "48067") for u in sorted({u for u, _ in pairs})]
    ratings = [(u, i, rng.randint(1, 5), FIRST + u) for u, i in pairs]
    return {
        "movies.dat": _lines("::", movies),
        "ratings.dat": _lines("::", ratings),
        "users.dat": _lines("::", users),
    }


def _movielens_10m(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    files = _movielens_1m(rng, pairs, items)
    del files["users.dat"]
    return files | {"tags.dat": _lines("::", [(u, i, "slow", FIRST) for u, i in pairs[:3]])}


def _tweetings(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    movies = [(f"{i:07}", f"Film {i} (2014)", rng.choice(GENRES)) for i in items]
    ratings = [(u, f"{i:07}", rng.randint(0, 10), FIRST + u) for u, i in pairs]
    return {"movies.dat": _lines("::", movies), "ratings.dat": _lines("::", ratings)}


def _movielens_100k(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    flags = ["0"] * 19
    films = [(i, f"Misérables {i} (1995)", "01-Jan-1995", "", "", *flags) for i in items]
    ratings = [(u, i, rng.randint(1, 5), FIRST) for u, i in pairs]
    latin = _lines("|", films).decode().encode("latin-1")
    return {"u.item": latin, "u.data": _lines("\t", ratings)}


def _book_crossing(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    books = [(f'"{i:010}"', f'"Bücher {i}"', '"A"', '"2002"', '"P"') for i in items]
    ratings = [(f'"{u}"', f'"{i:010}"', f'"{rng.randint(0, 10)}"') for u, i in pairs]
    header = '"ISBN";"Book-Title";"Book-Author";"Year-Of-Publication";"Publisher"'
    return {
        "BX-Books.csv": _lines(";", books, header).decode().encode("latin-1"),
        "BX-Book-Ratings.csv": _lines(";", ratings, '"User-ID";"ISBN";"Book-Rating"'),
    }


def _goodreads(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    books = [
        {"book_id": str(i), "title": f"Book {i}", "description": "d", "publication_year": "1999"}
        for i in items
    ]
    genres = [{"book_id": str(i), "genres": {"fiction": 3, rng.choice(GENRES): 1}} for i in items]
    day = "Tue Nov 17 11:37:35 -0800 2015"
    events = [
        {
            "user_id": f"u{u}",
            "book_id": str(i),
            "rating": rng.randint(0, 5),
            "is_read": True,
            "date_added": day,
            "review_text_incomplete": "",
        }
        for u, i in pairs
    ]
    reviews = [
        {"user_id": f"u{u}", "book_id": str(i), "rating": 4, "date_added": day}
        | {"review_text": rng.choice(WORDS)}
        for u, i in pairs[:4]
    ]
    return {
        "goodreads_books_poetry.json": _objects(books),
        "goodreads_book_genres_initial.json": _objects(genres),
        "goodreads_interactions_poetry.json": _objects(events),
        "goodreads_reviews_poetry.json": _objects(reviews),
    }


def _yelp(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    businesses = [
        {"business_id": f"b{i}", "name": f"Café {i}", "categories": "Bars, Food", "city": "C"}
        for i in items
    ]
    reviews = [
        {"review_id": f"r{u}-{i}", "user_id": f"u{u}", "business_id": f"b{i}"}
        | {"stars": float(rng.randint(1, 5)), "text": rng.choice(WORDS)}
        | {"date": "2016-03-09 02:47:15"}
        for u, i in pairs
    ]
    users = [{"user_id": f"u{u}", "name": "N", "friends": "u1, u2"} for u in {u for u, _ in pairs}]
    return {
        "yelp_academic_dataset_business.json": _objects(businesses),
        "yelp_academic_dataset_review.json": _objects(reviews),
        "yelp_academic_dataset_user.json": _objects(users),
    }


def _lastfm(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    artists = [(i, f"Artist {i}", "http://x", "http://y") for i in items]
    plays = [(u, i, rng.choice((1, 30, 4_000))) for u, i in pairs]
    friends = [(1, 2), (2, 1)]
    tagged = [(u, i, 1, 1, 4, 2009) for u, i in pairs[:4]]
    return {
        "artists.dat": _lines("\t", artists, "id\tname\turl\tpictureURL"),
        "user_artists.dat": _lines("\t", plays, "userID\tartistID\tweight"),
        "user_friends.dat": _lines("\t", friends, "userID\tfriendID"),
        "tags.dat": _lines("\t", [(1, "metal")], "tagID\ttagValue"),
        "user_taggedartists.dat": _lines("\t", tagged, "userID\tartistID\ttagID\tday\tmonth\tyear"),
    }


def _kuairec(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    watched = [
        (u, i, 5_000, 8_000, "2020-07-05 00:08:23.438", 20200705, FIRST + u, rng.random() * 3)
        for u, i in pairs
    ]
    names = "user_id,video_id,play_duration,video_duration,time,date,timestamp,watch_ratio"
    return {
        "big_matrix.csv": _lines(",", watched, names),
        "item_categories.csv": _lines(",", [(i, '"[8, 9]"') for i in items], "video_id,feat"),
        "social_network.csv": _lines(",", [(1, '"[2]"')], "user_id,friend_list"),
    }


def _steam_200k(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    rows = [(u, f'"Game {i}"', "purchase", 1.0, 0) for u, i in pairs]
    rows += [(u, f'"Game {i}"', "play", rng.randint(1, 300) / 10, 0) for u, i in pairs]
    return {"steam-200k.csv": _lines(",", rows)}


def _steam_ucsd(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    games = [
        {"id": str(i), "app_name": f"Game {i}", "genres": ["Action"], "release_date": "2018-01-04"}
        for i in items
    ]
    libraries = [
        {"user_id": f"u{u}", "items_count": 1, "steam_id": str(u), "user_url": "x"}
        | {"items": [{"item_id": str(i), "item_name": "G", "playtime_forever": u}]}
        for u, i in pairs
    ]
    return {
        "steam_games.json": "".join(f"{row!r}\n" for row in games).encode(),
        "australian_users_items.json": "".join(f"{row!r}\n" for row in libraries).encode(),
    }


def _amazon_2023(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    products = [
        {"parent_asin": f"B{i}", "title": f"Thing &amp; {i}", "main_category": "All Beauty"}
        | {"categories": ["Beauty", "Soap"], "description": ["d"], "features": []}
        for i in items[:-1]
    ]
    reviews = [
        {"rating": float(rng.randint(1, 5)), "title": "T", "text": rng.choice(WORDS)}
        | {"asin": f"B{i}", "parent_asin": f"B{i}", "user_id": f"A{u}", "timestamp": FIRST * 1000}
        for u, i in pairs
    ]
    return {
        "meta_All_Beauty.jsonl": _objects(products),
        "All_Beauty.jsonl": _objects(reviews),
    }


def _amazon_2018(rng: Random, pairs: Pairs, items: list[int]) -> Files:
    products = [
        {"asin": f"B{i}", "title": f"Thing {i}", "category": ["Beauty", "Soap"]} for i in items
    ]
    reviews = [
        {"overall": float(rng.randint(1, 5)), "reviewerID": f"A{u}", "asin": f"B{i}"}
        | {"reviewText": rng.choice(WORDS), "summary": "S", "unixReviewTime": FIRST}
        for u, i in pairs
    ]
    return {"meta_Luxury.json": _objects(products), "Luxury.json": _objects(reviews)}


MINIATURES = {
    "MovieLens (CSV)": _movielens_csv,
    "MovieLens 1M": _movielens_1m,
    "MovieLens 10M": _movielens_10m,
    "MovieTweetings": _tweetings,
    "MovieLens 100K": _movielens_100k,
    "Book-Crossing": _book_crossing,
    "Goodreads": _goodreads,
    "Yelp": _yelp,
    "Last.fm": _lastfm,
    "KuaiRec": _kuairec,
    "Steam 200k": _steam_200k,
    "Steam (UCSD)": _steam_ucsd,
    "Amazon 2023": _amazon_2023,
    "Amazon 2018": _amazon_2018,
}
