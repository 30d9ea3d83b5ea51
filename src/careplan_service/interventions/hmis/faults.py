"""What is wrong with a folder of files: all of it is counted, and the first of it is kept to be told."""

from __future__ import annotations

from dataclasses import dataclass, field

from careplan_service.errors import Fault

MOST_TOLD = 50


@dataclass
class Faults:
    """Faults by file, row and column; `count` is of all of them.

    `unread` are files of which a row, or all of it, could not be taken: what refers to that cannot be judged.
    """

    told: list[Fault] = field(default_factory=list)
    count: int = 0
    unread: set[str] = field(default_factory=set)

    def add(self, file: str, row: int, column: str, text: str) -> None:
        """Note one; row 0 is the file as a whole."""
        self.count += 1
        if len(self.told) < MOST_TOLD:
            where = [file, f"row {row}" if row else "", f'column "{column}"' if column else ""]
            self.told.append(Fault("invalid", text, ", ".join(part for part in where if part)))
