"""Makes what ``make run`` starts: the page, the wheel, and ``.venv`` with the wheel in it."""

import os
import shutil
import tomllib
import venv
from pathlib import Path
from typing import Any

from project import stamps
from project.paths import BIN, PYTHON, ROOT, VENV, VIDEOCALL, WHEELS, tool_environment
from project.shell import StepError, heading, run

WEB_SOURCES = ["web", "tools/web_bundle.py"]
WHEEL_SOURCES = ["Cargo.toml", "Cargo.lock", "pyproject.toml", "README.md", "rust", "python", "tools/build_backend.py"]


def build() -> Path:
    """Bring page, wheel and environment up to date; return the wheel's path.

    Raises:
        StepError: a step failed.
    """
    _environment()
    web = stamps.digest(WEB_SOURCES)
    _web_bundle(web)
    wheel = _wheel(stamps.digest(WHEEL_SOURCES, extra=web))
    _install(wheel)
    return wheel


def install_group(group: str) -> None:
    """Install a dependency group of pyproject.toml into the environment.

    Raises:
        StepError: pip failed.
    """
    _environment()
    _install_requirements(group, _group(group))


def install_node_tests() -> None:
    """Install what the tests in ``tests/`` that run on Node need.

    Raises:
        StepError: npm failed.
    """
    value = stamps.digest(["tests/package.json", "tests/package-lock.json"])
    if stamps.is_current("node-tests", value) and (ROOT / "tests" / "node_modules").is_dir():
        return
    run("Installing what the browser tests need", ["npm", "ci", "--no-audit", "--no-fund"], cwd=ROOT / "tests")
    stamps.record("node-tests", value)


def install_editable() -> None:
    """Install this tree itself, with a debug build of the extension; ``make run`` puts the wheel back.

    Raises:
        StepError: the build failed.
    """
    _web_bundle(stamps.digest(WEB_SOURCES))
    stamps.forget("install")
    run(
        "Building the extension (debug) and installing this tree into .venv",
        [*_pip(), "--no-build-isolation", "--config-settings", "build-args=--profile dev", "--editable", "."],
        env=tool_environment() | {"VIDEOCALL_WEB_BUNDLE": "built"},
    )


def _environment() -> None:
    if not PYTHON.exists():
        heading("Making the environment .venv")
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(VENV)


def _environment_id() -> str:
    # A deleted and remade .venv has lost what was installed: its config's inode tells.
    return str((VENV / "pyvenv.cfg").stat().st_ino)


def _web_bundle(value: str) -> None:
    index = ROOT / "python" / "videocall" / "web_dist" / "index.html"
    if stamps.is_current("web", value) and index.is_file():
        return
    run("Building the page", [PYTHON, "tools/web_bundle.py"])
    stamps.record("web", value)


def _wheel(value: str) -> Path:
    built = sorted(WHEELS.glob("*.whl"))
    if stamps.is_current("wheel", value) and len(built) == 1:
        return built[0]
    install_group("build")
    shutil.rmtree(WHEELS, ignore_errors=True)
    WHEELS.mkdir(parents=True)
    run(
        "Building the extension (release) and the wheel; the first time takes a few minutes",
        [PYTHON, "-c", f"import build_backend; build_backend.build_wheel({str(WHEELS)!r})"],
        env=tool_environment() | {"VIDEOCALL_WEB_BUNDLE": "built", "PYTHONPATH": str(ROOT / "tools")},
    )
    built = sorted(WHEELS.glob("*.whl"))
    if len(built) != 1:
        raise StepError(f"the build left {len(built)} wheels in {WHEELS}")
    stamps.record("wheel", value)
    return built[0]


def _install(wheel: Path) -> None:
    value = stamps.digest([str(wheel.relative_to(ROOT))], extra=_environment_id())
    if stamps.is_current("install", value) and VIDEOCALL.exists():
        return
    _install_requirements("project", _project()["dependencies"])
    # Without --force-reinstall pip keeps an earlier build of the same version.
    run("Installing the wheel into .venv", [*_pip(), "--force-reinstall", "--no-deps", wheel])
    stamps.record("install", value)


def _install_requirements(name: str, requirements: list[str]) -> None:
    value = stamps.digest([], extra=repr((requirements, _environment_id())))
    if stamps.is_current(f"requirements-{name}", value):
        return
    run(f"Installing what `{name}` needs into .venv", [*_pip(), *requirements])
    stamps.record(f"requirements-{name}", value)


def _pip() -> list[str]:
    os.environ.setdefault("PIP_DISABLE_PIP_VERSION_CHECK", "1")
    return [str(BIN / "python"), "-m", "pip", "install", "--quiet", "--progress-bar", "off"]


def _group(name: str) -> list[str]:
    requirements: list[str] = []
    for entry in _pyproject()["dependency-groups"][name]:
        if isinstance(entry, str):
            requirements.append(entry)
        else:
            requirements.extend(_group(entry["include-group"]))
    return requirements


def _project() -> dict[str, Any]:
    project: dict[str, Any] = _pyproject()["project"]
    return project


def _pyproject() -> dict[str, Any]:
    with (ROOT / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)
