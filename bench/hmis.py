"""How long an HMIS import takes, and how much memory: `python -m bench.hmis --enrolments 10000`.

https://www.hudexchange.info/programs/hmis/hmis-data-and-technical-standards/
"""

from __future__ import annotations

import argparse
import csv
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from random import Random

from careplan_service.interventions.hmis.columns import FILES, columns_of

_AGENCY = "Organization/shelter"
_STAMPS = {
    "DateCreated": "2024-01-02 09:00:00",
    "DateUpdated": "2024-06-30 17:00:00",
    "UserID": "u1",
    "ExportID": "bench",
}
_FIRST = "Ada Ben Cleo Dan Eva Finn Gita Hal Ines Jon".split()
_LAST = "Abel Brook Clay Dunn Eyre Frost Gale Hart Iver Jess".split()
_SERVICES = (("144", "2"), ("200", "200"), ("142", "7"), ("144", "5"))


def write_folder(folder: Path, enrolments: int, seed: int = 1) -> None:
    """Fake files of so many enrolments, the same for the same numbers; two thirds have left."""
    folder.mkdir(parents=True, exist_ok=True)
    random = Random(seed)
    open_files = {file: (folder / file).open("w", encoding="utf-8", newline="") for file in FILES}
    writers = {file: csv.DictWriter(open_, columns_of(file)) for file, open_ in open_files.items()}
    for writer in writers.values():
        writer.writeheader()
    for number in range(enrolments):
        for file, row in _rows(random, number):
            writers[file].writerow({**_required(file), **row})
    for open_ in open_files.values():
        open_.close()


def _required(file: str) -> dict[str, str]:
    return {name: "0" for name, column in columns_of(file).items() if column.required} | _STAMPS


def _rows(random: Random, number: int) -> Iterator[tuple[str, Mapping[str, str]]]:
    person, enrolment = f"P{number:06}", f"E{number:06}"
    entry = date(2023, 10, 1) + timedelta(days=random.randrange(300))
    whose = {"PersonalID": person, "EnrollmentID": enrolment}
    yield (
        "Client.csv",
        {
            "PersonalID": person,
            "FirstName": random.choice(_FIRST),
            "LastName": random.choice(_LAST),
            "NameDataQuality": "1",
            "DOB": str(date(1950, 1, 1) + timedelta(days=random.randrange(20000))),
            "DOBDataQuality": "1",
            random.choice(("Woman", "Man", "NonBinary")): "1",
            "White": "1",
            "VeteranStatus": "99",
        },
    )
    yield (
        "Enrollment.csv",
        {
            **whose,
            "ProjectID": f"PR{number % 12}",
            "EntryDate": str(entry),
            "HouseholdID": f"H{number // 2 if number % 4 < 2 else number + 1_000_000}",
            "RelationshipToHoH": "1" if number % 2 == 0 else "3",
            "LivingSituation": random.choice(("116", "101", "8", "9", "99")),
            "DisablingCondition": "0",
            "PreferredLanguage": "99",
        },
    )
    if number % 3:
        left = entry + timedelta(days=random.randrange(1, 90))
        yield (
            "Exit.csv",
            {
                **whose,
                "ExitID": f"X{number:06}",
                "ExitDate": str(left),
                "Destination": random.choice(("410", "101", "99")),
            },
        )
    for i in range(3):
        kind, type_ = random.choice(_SERVICES)
        yield (
            "Services.csv",
            {
                **whose,
                "ServicesID": f"S{number:06}-{i}",
                "DateProvided": str(entry + timedelta(days=i)),
                "RecordType": kind,
                "TypeProvided": type_,
            },
        )


def run(enrolments: int, folder: Path) -> None:
    """Import twice into a database of its own, and print how long it took and the most memory it held."""
    files = folder / "files"
    write_folder(files, enrolments)
    environment = {
        **os.environ,
        "CAREPLAN_DATABASE_URL": f"sqlite:///{folder / 'hmis.db'}",
        "CAREPLAN_CUSTODIANS": _AGENCY,
    }
    spent = 0.0
    for what in ("first import", "the same again"):
        started = time.perf_counter()
        command = [sys.executable, "-m", "careplan_service.cli", "hmis", "import", str(files)]
        subprocess.run(command, env=environment, check=True, stderr=subprocess.DEVNULL)
        took = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu, spent = used.ru_utime + used.ru_stime - spent, used.ru_utime + used.ru_stime
        peak = used.ru_maxrss / 1024
        print(
            f"{what}: {enrolments} enrolments in {took:.1f} s ({cpu:.1f} s of CPU); most memory {peak:.0f} MB"
        )


def main() -> None:
    """Measure, in a folder that goes afterwards."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--enrolments", type=int, default=10_000)
    with tempfile.TemporaryDirectory() as folder:
        run(parser.parse_args().enrolments, Path(folder))


if __name__ == "__main__":
    main()
