"""CSV as spreadsheets and databases save it: separators, encodings, empty rows."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from isthmus.errors import InputError
from isthmus.graph.ingest.dataset import Dataset
from isthmus.graph.sources import read_dataset
from isthmus.graph.sources.charsets import recognise_encoding

ITEMS = "item_id,domain,title\n1,books,Dune\n2,films,Solaris\n"
CHINESE = ("三体", "红楼梦", "活着", "明朝那些事儿", "百年孤独", "解忧杂货店")
TAIWANESE = ("紅樓夢", "三國演義", "西遊記", "水滸傳", "儒林外史", "傾城之戀")
GERMAN = ("Der Prozeß", "Die Blechtrommel", "Schöne neue Welt", "Müllers Büro")
FRENCH = ("L’Étranger – Camus", "Les Misérables", "Le Père Goriot")
OTHERS = {
    "shift_jis": ("ノルウェイの森", "海辺のカフカ"),
    "euc_kr": ("채식주의자", "소년이 온다"),
    "big5": ("紅樓夢", "三國演義"),
    "cp1251": ("Война и мир", "Анна Каренина"),
    "cp1250": ("Příliš žluťoučký", "Kraków nocą", "Łódź"),
    "cp1253": ("Ζορμπάς", "Ο Χριστός ξανασταυρώνεται"),
    "cp1254": ("Kürk Mantolu Madonna: şiir", "Çalıkuşu", "İnce Memed"),
    "mac_roman": ("Café Müller", "Amélie", "Señor"),
    "cp850": ("Café Müller", "Amélie", "Señor"),
}


def read(folder: Path, content: str | bytes, name: str = "items.csv") -> Dataset:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_dataset(folder)


def titles(names: tuple[str, ...]) -> str:
    rows = "".join(f"{number},books,{name}\n" for number, name in enumerate(names))
    return f"item_id,domain,title\n{rows}"


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separator_is_recognised_by_the_header(tmp_path: Path, separator: str):
    header, *rows = ITEMS.replace("Dune", "Dune, part 2").splitlines()
    lines = [header.replace(",", separator), *(row.replace(",", separator, 2) for row in rows)]
    data = read(tmp_path, "\r\n".join(lines))
    assert data.items["title"].to_list() == ["Dune, part 2", "Solaris"]


@pytest.mark.parametrize(
    "content",
    [
        f"sep=,\r\n{ITEMS}",
        "SEP=;\n" + ITEMS.replace(",", ";"),
        '"sep=;"\n' + ITEMS.replace(",", ";"),
        "sep=\t\n" + ITEMS.replace(",", "\t"),
        "\ufeffsep=^\n" + ITEMS.replace(",", "^"),
    ],
)
def test_line_that_names_the_separator_is_followed(tmp_path: Path, content: str):
    data = read(tmp_path, content)
    assert data.items["title"].to_list() == ["Dune", "Solaris"]
    assert data.items["line"].to_list() == [3, 4]


def test_blanks_after_separators_and_case_of_names_do_not_count(tmp_path: Path):
    data = read(tmp_path, 'Item_ID, DOMAIN, title\n1, books, "Dune, the book"\n')
    assert data.items.select("item_id", "domain", "title").rows() == [
        ("1", "books", "Dune, the book")
    ]


def test_empty_rows_and_columns_of_spreadsheets_are_skipped(tmp_path: Path):
    data = read(tmp_path, ITEMS + "3,films,Stalker,,,\n" + ",,\n" * 50)
    assert (data.items.height, data.rows) == (3, 3)


def test_lines_that_end_in_a_carriage_return_are_read(tmp_path: Path):
    data = read(tmp_path, ITEMS.replace("\n", "\r"))
    assert data.items["line"].to_list() == [2, 3]


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-8-sig"])
@pytest.mark.parametrize("name", ["items.csv", "items.jsonl"])
def test_unicode_in_any_form_is_read(tmp_path: Path, encoding: str, name: str):
    text = titles(CHINESE)
    if name.endswith("jsonl"):
        text = '{"item_id": 1, "domain": "books", "title": "三体"}\n'
    data = read(tmp_path, text.encode(encoding), name)
    assert data.items["title"][0] == "三体"


def test_large_file_in_utf_16_is_read_completely(tmp_path: Path):
    text = "item_id,domain,title\n" + "".join(f"{n},books,沙丘{n}\n" for n in range(100_000))
    data = read(tmp_path, text.encode("utf-16"))
    assert data.items.height == 100_000
    assert data.items["title"][-1] == "沙丘99999"


@pytest.mark.parametrize(
    ("encoding", "name", "names"),
    [
        ("gbk", "GB18030", CHINESE),
        ("gb18030", "GB18030", ("王芳 🎉", "李娜", "张伟丽")),
        ("gbk", "GB18030", TAIWANESE),
        ("big5", "BIG5", TAIWANESE),
        ("cp1252", "WINDOWS-1252", GERMAN),
        ("cp1252", "WINDOWS-1252", FRENCH),
        ("cp1252", "WINDOWS-1252", ("Café",)),
    ],
)
def test_encoding_that_is_certain_is_read_and_said(tmp_path, caplog, encoding, name, names):
    data = read(tmp_path, titles(names).encode(encoding))
    assert data.items["title"].to_list() == list(names)
    assert f"items.csv is not UTF-8; it is read as {name}" in caplog.text
    assert f"books,{names[0]}" in caplog.text


@pytest.mark.parametrize("encoding", OTHERS)
def test_encoding_that_is_not_certain_is_refused_with_a_command(tmp_path: Path, encoding: str):
    with pytest.raises(InputError, match="which is not UTF-8; it looks like") as raised:
        read(tmp_path, titles(OTHERS[encoding]).encode(encoding))
    assert raised.value.advice.startswith("Convert it: iconv -f ")


@pytest.mark.parametrize(
    ("encoding", "text", "name"),
    [
        ("mac_roman", "né1", "MACINTOSH"),
        ("cp850", "Café 5", "IBM850"),
        ("cp850", "perché", "IBM850"),
    ],
)
def test_one_accented_letter_of_a_mac_or_of_dos_is_not_taken_for_another_character(
    encoding: str, text: str, name: str
):
    guess = recognise_encoding(f"1,books,{text}".encode(encoding))
    assert not guess.certain
    assert name in guess.name


def test_file_in_two_encodings_is_refused(tmp_path: Path):
    content = titles(GERMAN).encode() + "9,books,Größe\n".encode("cp1252")
    with pytest.raises(InputError, match="which is not UTF-8"):
        read(tmp_path, content)


def test_encoding_is_found_far_behind_ascii_rows(tmp_path: Path):
    rows = "".join(f"a{n},books,Dune {n}\n" for n in range(100_000))
    content = (titles(()) + rows).encode() + "z,books,Müllers Büro\n".encode("cp1252")
    assert read(tmp_path, content).items["title"][-1] == "Müllers Büro"


def test_random_words_are_never_taken_for_another_encoding_with_certainty():
    draw = random.Random(5)
    everything = [(encoding, TAIWANESE) for encoding in ("gbk", "big5")]
    everything += [
        ("gbk", CHINESE),
        ("gbk", ("né", "编号")),
        ("cp1252", GERMAN + FRENCH),
        *OTHERS.items(),
    ]
    for encoding, names in everything:
        for _ in range(30):
            text = "\n".join(f"1,books,{name}" for name in draw.choices(names, k=2))
            try:
                text.encode(encoding).decode()
            except UnicodeDecodeError:
                guess = recognise_encoding(text.encode(encoding))
                read = text.encode(encoding).decode(guess.encoding, errors="replace")
                assert not guess.certain or read == text, (encoding, text, guess)
