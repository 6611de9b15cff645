"""From source: the archive builds where there is no Node, and the checkout installs as it is."""

import os
import subprocess
import tarfile
import zipfile
from pathlib import Path

import pytest
from tests.packaging.environments import ROOT, CleanEnvironment

TARGET = os.environ.get("CARGO_TARGET_DIR", str(ROOT / "target"))


def python(*arguments: str | Path, **variables: str) -> None:
    """Run the environment's Python, which has maturin."""
    command = [str(ROOT / ".venv" / "bin" / "python"), *map(str, arguments)]
    path = f"{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {"PATH": path} | variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command} ended with {done.returncode}:\n{done.stdout}{done.stderr}"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("sdist")
    program = f"import build_backend; build_backend.build_sdist({str(directory)!r})"
    python("-c", program, PYTHONPATH=str(ROOT / "tools"), VIDEOCALL_WEB_BUNDLE="built")
    (archive,) = directory.glob("*.tar.gz")
    return archive


@pytest.fixture
def sdist_names(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_the_archive_has_what_a_build_needs(sdist_names: set[str]) -> None:
    assert sdist_names >= {
        *("Cargo.toml", "Cargo.lock", "pyproject.toml", "PKG-INFO", "README.md", "LICENSE-MIT", "LICENSE-APACHE"),
        *("tools/build_backend.py", "tools/web_bundle.py"),
        *("rust/core/Cargo.toml", "rust/core/src/lib.rs", "rust/py/Cargo.toml", "rust/py/src/lib.rs"),
        *("python/videocall/__init__.py", "python/videocall/web_dist/index.html"),
    }


def test_the_archive_has_no_leftovers(sdist_names: set[str]) -> None:
    junk = ("node_modules", "__pycache__", ".venv", ".build/", "target/", ".git/")
    assert [
        name for name in sdist_names if any(part in f"{name}/" for part in junk) or name.endswith((".so", ".pyc"))
    ] == []


def test_a_wheel_from_the_archive_is_the_same_without_node(sdist: Path, wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    for program in ("node", "npm"):
        trap = tmp_path / "bin" / program
        trap.parent.mkdir(exist_ok=True)
        trap.write_text("#!/bin/sh\necho 'a build from the source archive must not use Node' >&2\nexit 97\n")
        trap.chmod(0o755)
    path = f"{tmp_path / 'bin'}:{ROOT / '.venv' / 'bin'}:{os.environ['PATH']}"
    # With the wheel's target directory only our own crates are compiled again.
    python(
        *("-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, sdist),
        PATH=path,
        CARGO_TARGET_DIR=TARGET,
    )
    (built,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(built) as archive:
        assert sorted(archive.namelist()) == sorted(wheel.namelist())


def test_the_checkout_installs_with_pip(tmp_path: Path, wheel: zipfile.ZipFile) -> None:
    environment = CleanEnvironment(tmp_path / "venv")
    environment.variables["PATH"] += f":{os.environ['PATH']}"
    environment.variables["CARGO_TARGET_DIR"] = TARGET
    environment.install(ROOT)
    assert "serve" in environment.run("videocall", "--help", cwd=tmp_path)
    program = "from importlib.metadata import files; print(*files('videocall'), sep='\\n')"
    files = environment.run("python", "-c", program, cwd=tmp_path).split()
    assert {name for name in files if name.startswith("videocall/") and "__pycache__" not in name} == {
        name for name in wheel.namelist() if name.startswith("videocall/")
    }
