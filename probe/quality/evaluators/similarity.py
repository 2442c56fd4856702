"""How like the answer is to a text, by edits: one letter can turn a text into its opposite."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from probe.quality.evaluator import Settings
from probe.quality.normal import Ignored, folded, normalised
from probe.quality.verdict import Dimension, Verdict, right, unscored, wrong

# Characters times characters that are compared within the time there is.
_MOST_WORK: Final = 400_000_000


class SimilaritySettings(Settings):
    """`to` is one text or several, of which the likest counts. `edit` is Levenshtein, `indel` without
    replacing; both from 0 to 1, on code points. `embedding` asks a model.
    """

    main_field = "to"
    expected_field = "to"
    to: str | Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    method: Literal["edit", "indel", "embedding"] = "edit"
    ignore: tuple[Ignored, ...] = ()


class Similarity:
    """Never alone what has to hold: "100 euros" and "900 euros" are .89 alike."""

    version: ClassVar[int] = 1
    dimension: ClassVar[Dimension] = "relevance"
    threshold: ClassVar[float] = 0.8
    alone: ClassVar[bool] = False
    settings: ClassVar[type[Settings]] = SimilaritySettings

    def __init__(self, settings: SimilaritySettings) -> None:
        from rapidfuzz.distance import Indel, Levenshtein

        if settings.method == "embedding":
            raise ValueError("method: embeddings need an endpoint, and none can be configured yet")
        self._ignore = frozenset(settings.ignore)
        texts = (settings.to,) if isinstance(settings.to, str) else settings.to
        self._texts = [folded(normalised(text), self._ignore) for text in texts]
        if "" in self._texts:
            raise ValueError("to: a text is empty once it is normalised")
        self._measure = Levenshtein if settings.method == "edit" else Indel

    def judge(self, answer: str) -> Verdict:
        text = folded(answer, self._ignore)
        if len(text) * sum(map(len, self._texts)) > _MOST_WORK:
            return unscored("too_long", f"{len(answer)} characters")
        score = max(float(self._measure.normalized_similarity(text, each)) for each in self._texts)
        reason = f"{score:.2f} like what is expected"
        return right(reason) if score == 1 else wrong("wrong_value", reason, score=score)
