"""How words sound in English, for names that are spelled in more than one way. https://hl7.org/fhir/R4/patient.html#search"""

from __future__ import annotations

from jellyfish import metaphone

from careplan_service.resources.extract import normalised

_MOST_WORDS, _LONGEST = 50, 100


def sounds(text: str) -> tuple[str, ...]:
    """The sound of each word (Metaphone); a word that has none, such as one of other letters, as it is."""
    words = (word[:_LONGEST] for word in normalised(text).split()[:_MOST_WORDS])
    return tuple(dict.fromkeys(metaphone(word) or word for word in words))
