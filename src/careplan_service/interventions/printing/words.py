"""The words of a print by language, from `data/print/`: one TOML file a language, all with the same keys.

Language tags: https://www.rfc-editor.org/rfc/rfc5646 and TOML: https://toml.io/en/v1.0.0
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from careplan_service.errors import Malformed

DEFAULT = "en"


@dataclass(frozen=True)
class Words:
    """The texts of one language by `table.key`; `language` is its tag (`es`)."""

    language: str
    texts: Mapping[str, str]

    def __call__(self, key: str, **values: object) -> str:
        """The text under a key, with its `{gaps}` filled in."""
        return self.texts[key].format(**values)

    def state(self, key: str) -> str:
        """The text of a state under its key; one of others, for which there is none here, as it stands."""
        return self.texts.get(key, key.partition(".")[2])

    def has(self, key: str) -> bool:
        """Whether there is a text under a key."""
        return key in self.texts

    def date(self, day: date) -> str:
        """A day as people write it: `3 May 2025`."""
        month = self.texts["dates.months"].split()[day.month - 1]
        return self("dates.format", day=day.day, month=month, year=day.year)


@cache
def languages() -> tuple[str, ...]:
    """The tags of the languages there are."""
    folder = resources.files("careplan_service.interventions") / "data" / "print"
    return tuple(sorted(file.name.removesuffix(".toml") for file in folder.iterdir()))


def words_in(language: str) -> Words:
    """The words of a language; a variety (`es-MX`) is read as its language. Raises Malformed for others."""
    tag = language.strip().lower().replace("_", "-").partition("-")[0]
    if tag not in languages():
        raise Malformed(f"there are no words in `{language}`; `language` is one of {', '.join(languages())}")
    return _read(tag)


@cache
def _read(tag: str) -> Words:
    file = resources.files("careplan_service.interventions") / "data" / "print" / f"{tag}.toml"
    tables = {
        name: part for name, part in tomllib.loads(file.read_text("utf-8")).items() if isinstance(part, dict)
    }
    texts = {f"{table}.{key}": str(text) for table, part in tables.items() for key, text in part.items()}
    return Words(tag, texts)
