"""The product works from a wheel, from the sdist (a wheel built of it), and from a checkout (every other test)."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def build(source: Path, target: str, folder: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    return next(folder.glob("*.whl" if target == "wheel" else "*.tar.gz"))


def data_files(folder: Path) -> set[str]:
    found = {str(path.relative_to(folder)) for name in ("templates", "dialects") for path in (folder / name).rglob("*")}
    return {name for name in found if "." in Path(name).name}


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("dist")
    with tarfile.open(build(ROOT, "sdist", folder / "sdist")) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return {"wheel": build(ROOT, "wheel", folder / "wheel"), "sdist": build(unpacked, "wheel", folder / "again")}


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_an_installed_package_has_its_data_and_answers(kind: str, wheels: dict[str, Path], tmp_path: Path) -> None:
    with zipfile.ZipFile(wheels[kind]) as archive:
        archive.extractall(tmp_path / "site")
    assert data_files(tmp_path / "site" / "sqlgen" / "_data") == data_files(ROOT)
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site")}
    program = (
        "import sqlgen, sys; from sqlgen.resources import data_root; print(data_root()); "
        "print(sqlgen.render('session-summary', dialect='snowflake').sql)"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    where, _, sql = done.stdout.partition("\n")
    assert Path(where) == tmp_path / "site" / "sqlgen" / "_data"
    assert "SELECT" in sql
