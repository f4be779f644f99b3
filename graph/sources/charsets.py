"""Recognises the encoding of text that is not UTF-8, where there is no doubt about it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from charset_normalizer import CharsetMatch, from_bytes

SAMPLE_BYTES = 2**16

CANDIDATES = [
    *("gb18030", "big5", "cp932", "euc_jp", "cp949"),
    *("cp1250", "cp1251", "cp1252", "cp1253", "cp1254", "cp1255", "cp1256", "cp874", "koi8_r"),
]
"""Encodings that tables are saved in; the others would only add doubt."""
NAMES = {
    "gb18030": "GB18030",
    "big5": "BIG5",
    "cp950": "BIG5",
    "cp1252": "WINDOWS-1252",
    "koi8_r": "KOI8-R",
    "mac_roman": "MACINTOSH",
    "cp850": "IBM850",
}
OLD_WESTERN = ("mac_roman", "cp850")
"""Encodings of Macs and of DOS."""
TWO_BYTES = ("gb18030", "big5", "cp932", "euc_jp", "cp949")

MAX_CHAOS_BEHIND = 0.03
MAX_COHERENCE_BEHIND = 0.05
MIN_COMMON_CHINESE = 0.9
MIN_IDEOGRAPHS = 8
"""Different ideographs from which on a text in traditional characters is no chance."""
COMMON_IN_BIG5 = (b"\xa4\x40", b"\xc6\x7e")
"""First and last of the characters of Big5 that are in common use."""
MAX_HANGUL = 0.9
"""Share of Hangul in a text read as Korean, from which on it is Korean and not Chinese."""
FIRST_CYRILLIC = 0xC0
"""First of the bytes of which a Cyrillic text consists, and no Chinese one but by chance."""
LETTERS = ("cp1251", "cp1253", "cp1255", "koi8_r")
MIN_CHAOS_OF_LETTERS = 0.1
MAX_UTF_8_LINES = 0.5
"""Share of lines that a few two-byte characters make valid in UTF-8 by chance."""
PAIRS = re.compile(rb"[\xb0-\xf7][\xa1-\xfe]")
"""Chinese characters, and Korean syllables, as which accented letters stand by chance."""
KANA_OR_HANGUL = re.compile(r"[\u3040-\u30ff\uac00-\ud7a3]")
INSIDE_A_WORD = re.compile(
    "[A-Za-z][€‚ƒ„…†‡ˆ‰Š‹ŒŽ“”•˜™›Ÿ][a-z]|[A-Za-zÀ-ÿ][¢£¤¥¦§¨¬¯±²³´¶¸¹¼½¾¿]|[£¥¹³¼½¾¯][A-Za-zÀ-ÿ]"
    "|[a-z][ŠŒŽŸ](?![A-Z])|[A-Za-z][‚„]"
)
"""What letters in the encodings of Macs, DOS and Central Europe become in Windows-1252."""
TURKISH = re.compile("[ýþðÝÞÐ]")
"""What Turkish letters become in Windows-1252, where only Icelandic has them."""
HUNGARIAN = re.compile("[õûÕÛ]")
"""What the Hungarian letters ő and ű become in Windows-1252."""
DASH_INSIDE_A_WORD = re.compile("[a-z][–—][a-z]")
"""What ñ and ó of a Mac become, or a dash, if the text has letters with accents as well."""
CAPITAL_BEHIND_SMALL = re.compile("[a-zß-ÿ][À-Þ](?![A-ZÀ-Þ])")
ACCENTED = re.compile("[À-ÿ]")
NOT_HUNGARIAN = re.compile("[ãçàèêâîôåäñøæ]", re.IGNORECASE)


@dataclass(frozen=True)
class Guess:
    """An encoding: its name for `iconv`, whether it is certain, and a line of the text."""

    encoding: str
    name: str
    certain: bool
    example: str


def recognise_encoding(block: bytes) -> Guess:
    """Recognises the encoding of lines that are not UTF-8.

    GB18030, Big5 and Windows-1252 can be certain; of the others, and of texts too short to tell,
    the likeliest is named.

    Args:
        block: Complete lines, of which at least one is not valid UTF-8.
    """
    lines = [line for line in block.splitlines() if not line.isascii()]
    sample = b"\n".join(lines)[:SAMPLE_BYTES]
    matches = list(from_bytes(sample, cp_isolation=CANDIDATES))
    if _is_taiwanese(sample):
        return _guess("cp950", sample, _utf_8_share(lines) == 0)
    if _is_chinese(sample, matches):
        certain = _utf_8_share(lines) <= MAX_UTF_8_LINES
        return _guess("gb18030", sample, certain)
    if _is_western(sample, matches):
        return _guess("cp1252", sample, _utf_8_share(lines) == 0)
    for encoding in OLD_WESTERN:
        if _is_old_western(sample, encoding):
            return _guess(encoding, sample, certain=False)
    return _guess(matches[0].encoding if matches else "cp1252", sample, certain=False)


def _is_old_western(sample: bytes, encoding: str) -> bool:
    """Whether all is letters with accents in this encoding, and no words in Windows-1252."""
    text = sample.decode(encoding)
    western = sample.decode("cp1252", errors="replace")
    return (
        all(c.isascii() or ACCENTED.match(c) for c in text)
        and not CAPITAL_BEHIND_SMALL.search(text)
        and INSIDE_A_WORD.search(western) is not None
    )


def _guess(encoding: str, sample: bytes, certain: bool) -> Guess:
    line = sample.split(b"\n", 1)[0].decode(encoding, errors="replace").strip()
    name = NAMES.get(encoding, encoding.upper().replace("_", "-"))
    return Guess(encoding, name, certain, line[:60])


def _is_taiwanese(sample: bytes) -> bool:
    """Whether a text is Big5: common traditional characters in it, and rare ones in GB18030."""
    try:
        text = sample.decode("cp950")
    except UnicodeDecodeError:
        return False
    if len(set(_ideographs(text))) < MIN_IDEOGRAPHS or _is_japanese(sample) or _is_korean(sample):
        return False
    mainland = sample.decode("gb18030", errors="ignore")
    return (
        _share(text, _is_common_in_big5) >= MIN_COMMON_CHINESE
        and _share(mainland, _is_in_gb2312) < MIN_COMMON_CHINESE
    )


def _is_chinese(sample: bytes, matches: list[CharsetMatch]) -> bool:
    chinese, taiwanese = _match(matches, "gb18030"), _match(matches, "big5")
    if chinese is None:
        return False
    if taiwanese is not None and chinese.chaos > taiwanese.chaos + MAX_CHAOS_BEHIND:
        return False
    text = sample.decode("gb18030", errors="ignore")
    if not _is_common_chinese(text) or KANA_OR_HANGUL.search(text):
        return False
    if all(byte < 0x80 or byte >= FIRST_CYRILLIC for byte in sample):
        letters = [match for match in matches if match.encoding in LETTERS]
        if any(match.chaos < chinese.chaos + MIN_CHAOS_OF_LETTERS for match in letters):
            return False
    return not _is_korean(sample)


def _is_common_chinese(text: str) -> bool:
    """Whether the characters of a text are common ones, simplified or traditional."""
    if _share(text, _is_in_gb2312) > MIN_COMMON_CHINESE:
        return True
    share = _share(text, lambda each: _is_in_gb2312(each) or _is_common_in_big5(each))
    return len(set(_ideographs(text))) >= MIN_IDEOGRAPHS and share >= MIN_COMMON_CHINESE


def _is_korean(sample: bytes) -> bool:
    korean = [c for c in sample.decode("cp949", errors="replace") if ord(c) > 127]
    hangul = sum(KANA_OR_HANGUL.match(character) is not None for character in korean)
    return hangul >= MAX_HANGUL * len(korean)


def _is_japanese(sample: bytes) -> bool:
    try:
        return KANA_OR_HANGUL.search(sample.decode("euc_jp")) is not None
    except UnicodeDecodeError:
        return False


def _ideographs(text: str) -> list[str]:
    return [character for character in text if "\u3400" <= character <= "\u9fff"]


def _share(text: str, is_common: Callable[[str], bool]) -> float:
    """Returns the share of the ideographs of a text that are common; 0 if it has none."""
    ideographs = _ideographs(text)
    return sum(map(is_common, ideographs)) / len(ideographs) if ideographs else 0.0


def _is_in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def _is_common_in_big5(character: str) -> bool:
    first, last = COMMON_IN_BIG5
    try:
        return first <= character.encode("big5") <= last
    except UnicodeEncodeError:
        return False


def _is_western(sample: bytes, matches: list[CharsetMatch]) -> bool:
    western = _match(matches, "cp1252")
    text = sample.decode("cp1252", errors="replace")
    if western is None or INSIDE_A_WORD.search(text) or PAIRS.sub(b"", sample).isascii():
        return False
    if TURKISH.search(text) or (DASH_INSIDE_A_WORD.search(text) and not ACCENTED.search(text)):
        return False
    if HUNGARIAN.search(text) and not NOT_HUNGARIAN.search(text):
        return False
    for better in matches[: matches.index(western)]:
        # Central European letters differ in few places, and are the likelier only by a margin.
        if better.encoding not in ("cp1250", *TWO_BYTES):
            return False
        if western.chaos > better.chaos + MAX_CHAOS_BEHIND:
            return False
        if western.coherence < better.coherence - MAX_COHERENCE_BEHIND:
            return False
    return True


def _match(matches: list[CharsetMatch], encoding: str) -> CharsetMatch | None:
    return next((match for match in matches if encoding in match.could_be_from_charset), None)


def _utf_8_share(lines: list[bytes]) -> float:
    """Returns the share of lines that are valid in UTF-8: a file in two encodings has many."""
    valid = 0
    for line in lines:
        try:
            line.decode()
        except UnicodeDecodeError:
            continue
        valid += 1
    return valid / len(lines)
