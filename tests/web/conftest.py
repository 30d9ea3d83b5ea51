"""What tests of pages share."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from commands import install
from web.browsers import SCRIPTS


@pytest.fixture(scope="session")
def scripts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts for the browser, with what they need from npm as the lock file names it."""
    folder = tmp_path_factory.mktemp("browser")
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True)
    install(folder)
    return folder
