"""Whether a text reads as a refusal to answer: a class of failures, not a ground for one."""

import re
from typing import Final

# A refusal says so at once.
_LOOKED_AT = 400
_REFUSAL: Final = re.compile(
    r"\b(?:"
    r"I(?:['’]m| am) (?:(?:very |so |really )?sorry,? (?:but )?"
    r"I (?:can(?:no|['’])?t|am unable|['’]m unable|won['’]t)"
    r"|(?:not able|unable) to (?:help|assist|provide|answer|comply|do|share|support|discuss|create|generate))"
    r"|I (?:can(?:no|['’])t|cannot|could not|won['’]t|will not|must decline|decline) "
    r"(?:to )?(?:help|assist|provide|answer|comply|do that|share|support|discuss|create|generate|fulfil)"
    r"|(?:sorry|apologies|unfortunately),? (?:but )?(?:I|that['’]s something I) "
    r"(?:can(?:no|['’])t|cannot|am unable|won['’]t)"
    r"|As an AI(?: language)? model,? I (?:can(?:no|['’])t|cannot|do not|don['’]t)"
    r"|(?:Es )?tut mir (?:sehr )?leid,? (?:aber )?(?:dabei |das )?(?:ich )?kann(?: ich)?"
    r"|(?:Das|Dabei) kann ich (?:dir|Ihnen|leider|nicht)"
    r"|Je (?:suis désolée?,? (?:mais )?je )?ne (?:peux|puis) pas (?:vous |t['’])?(?:aider|répondre|fournir)"
    r"|Lo siento,? (?:pero )?no puedo"
    r")",
    re.IGNORECASE,
)


def is_refusal(text: str) -> bool:
    return _REFUSAL.search(text[:_LOOKED_AT]) is not None
