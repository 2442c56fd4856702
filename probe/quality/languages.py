"""In which script and language a text is, as far as its letters and its commonest words tell."""

import re
from typing import Final

_LEAST_LETTERS = 20
_LOOKED_AT = 5_000
# A text in one language has a few words of others.
_CLEAR = 1.5

SCRIPTS: Final = {
    "latin": "A-Za-zªºÀ-ÖØ-öø-ɏ\u1e00-\u1eff",
    "cyrillic": "\u0400-\u052f",
    "greek": "\u0370-\u03ff\u1f00-\u1fff",
    "arabic": "\u0600-\u06ff\u0750-\u077f",
    "hebrew": "\u0590-\u05ff",
    "devanagari": "\u0900-\u097f",
    "thai": "\u0e00-\u0e7f",
    "hangul": "\u1100-\u11ff\uac00-\ud7af",
    "kana": "\u3040-\u30ff",
    "han": "\u3400-\u4dbf\u4e00-\u9fff",
}
_BY_SCRIPT: Final = {
    "greek": "el",
    "arabic": "ar",
    "hebrew": "he",
    "devanagari": "hi",
    "thai": "th",
    "hangul": "ko",
}
_COUNTED: Final = {name: re.compile(f"[{points}]") for name, points in SCRIPTS.items()}

_WORDS: Final = {
    language: frozenset(words.split())
    for language, words in {
        "en": "the and of to is that it was for with are this you not be have from or which but they there",
        "de": "der die und das ist nicht ein eine mit den von zu auf für im sich dem des auch wird sind oder",
        "fr": "le la les et des est une dans que pour qui pas sur du au avec ce sont plus il elle vous nous",
        "es": "el la los las y que de en un una es por con para del se no más como su está son pero",
        "it": "il la che di e un una è per non con del della sono le gli dei alla nel anche si come più",
        "pt": "o a os as e que de do da em um uma é para com não por mais se na no dos das está são",
        "nl": "de het een en van is dat niet op te zijn met voor aan er ook maar bij wordt naar deze door",
        "pl": "i w na nie że się z do jest to jak o co ale po przez od czy tym dla są które przy",
        "sv": "och att det som en på är av för med den till inte har om ett var jag från kan eller så",
        "tr": "ve bir bu da de için ile çok ne daha olarak olan gibi kadar en ama var değil sonra olduğu",
    }.items()
}
_LATIN_WORD: Final = re.compile(rf"[{SCRIPTS['latin']}]+")

LANGUAGES: Final = frozenset({*_WORDS, *_BY_SCRIPT.values(), "ru", "uk", "ja", "zh"})


def script_of(text: str) -> str | None:
    """That of most letters; None for fewer than 20, and where no script has two thirds of them."""
    counts = _counts(text)
    total = sum(counts.values())
    name = max(counts, key=lambda each: counts[each])
    return name if total >= _LEAST_LETTERS and counts[name] * 3 >= total * 2 else None


def guess(text: str) -> str | None:
    """A code of `LANGUAGES`; None for fewer than 20 letters, and where nothing tells."""
    text = text[:_LOOKED_AT]
    counts = _counts(text)
    # A character of these says as much as two or three letters.
    east = counts["han"] + counts["kana"]
    total = sum(counts.values()) + east
    if total < _LEAST_LETTERS:
        return None
    if 2 * east * 2 > total:
        return "ja" if counts["kana"] * 10 > east else "zh"
    name = max(counts, key=lambda each: counts[each])
    if name == "latin":
        return _by_words(text)
    if name == "cyrillic":
        return "uk" if re.search("[іїєґІЇЄҐ]", text) else "ru"
    return _BY_SCRIPT.get(name)


def _counts(text: str) -> dict[str, int]:
    text = text[:_LOOKED_AT]
    if text.isascii():
        return {**dict.fromkeys(SCRIPTS, 0), "latin": sum(map(str.isalpha, text))}
    return {name: len(pattern.findall(text)) for name, pattern in _COUNTED.items()}


def _by_words(text: str) -> str | None:
    words = _LATIN_WORD.findall(text.lower())
    hits = sorted(
        ((sum(1 for word in words if word in common), language) for language, common in _WORDS.items()),
        reverse=True,
    )
    (most, language), (next_most, _) = hits[0], hits[1]
    return language if most >= 2 and most >= _CLEAR * next_most else None
