"""What the packaging tests share: the wheel that ``make`` built, and an environment with nothing but it."""

import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.packaging.environments import ROOT, CleanEnvironment


@pytest.fixture(scope="session")
def wheel_path() -> Path:
    wheels = list((ROOT / ".build" / "wheels").glob("*.whl"))
    assert len(wheels) == 1, "there is no built wheel: run these tests with `make test`, or `make wheel` first"
    return wheels[0]


@pytest.fixture(scope="session")
def wheel(wheel_path: Path) -> Iterator[zipfile.ZipFile]:
    with zipfile.ZipFile(wheel_path) as archive:
        yield archive


@pytest.fixture(scope="session")
def installed(wheel_path: Path, tmp_path_factory: pytest.TempPathFactory) -> CleanEnvironment:
    """Return an environment with nothing but the wheel and what it asks for."""
    environment = CleanEnvironment(tmp_path_factory.mktemp("wheel-only") / "venv")
    environment.install("--only-binary", ":all:", wheel_path)
    assert sys.prefix not in environment.run("python", "-c", "import videocall; print(videocall.__file__)")
    return environment
