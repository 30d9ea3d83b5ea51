"""Which codes a value set has, some of them by filter, page by page.

https://hl7.org/fhir/R4/valueset-operation-expand.html
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from careplan_service.errors import Malformed
from careplan_service.interactions.terminology.asked import Asked, Known
from careplan_service.interactions.terminology.finding import known
from careplan_service.interactions.terminology.lookup import spellings_of
from careplan_service.interventions.terms import normal
from careplan_service.interventions.vocabulary import Vocabulary
from careplan_service.interventions.vocabulary.documents import licences
from careplan_service.interventions.vocabulary.maps import validity
from careplan_service.interventions.vocabulary.model import ALWAYS, Coded

EXPAND: Known = {
    "url": "text",
    "valueSetVersion": "text",
    "filter": "text",
    "date": "day",
    "offset": "number",
    "count": "number",
    "includeDesignations": "flag",
}


def expand(words: Vocabulary, asked: Asked, now: datetime, url: str = "") -> dict[str, Any]:
    """The value set with its codes in `expansion`; `url` is that of the instance that is asked.

    `filter` asks for codes whose code, display or spelling has every word of it. Codes that may not be used
    on the day of `date`, else today, are left out. Raises NotFound (404) for a value set that is not here,
    Malformed (400).
    """
    if url and asked.text("url"):
        raise Malformed("`url` is not needed here: the address names what is asked", expression="url")
    version = asked.text("valueSetVersion")
    named = f"{url or asked.text('url')}{f'|{version}' if version else ''}"
    listed = known(words.sets, named, "url")
    day, sought = asked.day("date") or now.date(), normal(asked.text("filter")).split()
    found = [
        one for one in listed.members if validity().get(one.key, ALWAYS).on(day) and _has(words, one, sought)
    ]
    start, most = asked.number("offset") or 0, asked.number("count")
    page = found[start:] if most is None else found[start : start + most]
    designated = asked.flag("includeDesignations")
    return {
        "resourceType": "ValueSet",
        "url": listed.url,
        "version": listed.version,
        "name": listed.name,
        "title": listed.title,
        "status": "active",
        "copyright": licences(page),
        "expansion": {
            "timestamp": now.isoformat(timespec="seconds"),
            "total": len(found),
            "offset": start,
            **({"parameter": told} if (told := _told(asked)) else {}),
            **({"contains": [_contained(words, one, designated) for one in page]} if page else {}),
        },
    }


def _has(words: Vocabulary, one: Coded, sought: list[str]) -> bool:
    text = normal(" ".join((one.code, one.display, *spellings_of(words, one)))) if sought else ""
    return all(word in text for word in sought)


def _told(asked: Asked) -> list[dict[str, str]]:
    names = ("filter", "date", "count", "includeDesignations")
    return [{"name": name, "valueString": asked.text(name)} for name in names if name in asked.values]


def _contained(words: Vocabulary, one: Coded, designated: bool) -> dict[str, Any]:
    spellings = spellings_of(words, one) if designated else ()
    named = [{"value": spelling} for spelling in spellings]
    return {**one.coding, **({"designation": named} if named else {})}
