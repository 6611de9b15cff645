"""What is in the wheel, and what is not."""

import email
import re
import zipfile
from pathlib import Path

import pytest
from tests.packaging.environments import ROOT

PACKAGE = ROOT / "python" / "videocall"


@pytest.fixture
def names(wheel: zipfile.ZipFile) -> list[str]:
    return wheel.namelist()


def test_the_tags_say_stable_abi_from_3_11(wheel_path: Path) -> None:
    assert re.fullmatch(r"videocall-[\d.]+-cp311-abi3-\w*linux\w*_(x86_64|aarch64)\.whl", wheel_path.name)


def test_it_has_the_extension_once(names: list[str]) -> None:
    assert [name for name in names if name.endswith(".so")] == ["videocall/_sfu.abi3.so"]


def test_it_has_every_python_file(names: list[str]) -> None:
    sources = {
        f"videocall/{path.relative_to(PACKAGE)}"
        for path in PACKAGE.rglob("*")
        if path.suffix in {".py", ".pyi"} and "web_dist" not in path.parts
    }
    assert {"videocall/__main__.py", "videocall/_sfu.pyi"} <= sources
    assert sources <= set(names)


def test_it_has_the_migrations(names: list[str]) -> None:
    """They are loaded by path and not imported: nothing else would miss them."""
    migrations = PACKAGE / "store" / "migrations"
    files = {f"videocall/store/migrations/{path.relative_to(migrations)}" for path in migrations.rglob("*.py")}
    assert {"videocall/store/migrations/env.py", "videocall/store/migrations/versions/0001_first_tables.py"} <= files
    assert files <= set(names)


def test_it_has_the_page_of_the_local_authority(names: list[str]) -> None:
    files = {f"videocall/lan/static/{path.name}" for path in (PACKAGE / "lan" / "static").iterdir()}
    assert {"videocall/lan/static/index.html", "videocall/lan/static/page.js"} <= files
    assert files <= set(names)


def test_it_is_typed(names: list[str]) -> None:
    assert "videocall/py.typed" in names


def test_it_has_the_whole_page(wheel: zipfile.ZipFile, names: list[str]) -> None:
    built = {
        f"videocall/web_dist/{path.relative_to(PACKAGE / 'web_dist')}"
        for path in (PACKAGE / "web_dist").rglob("*")
        if path.is_file()
    }
    assert {name for name in names if name.startswith("videocall/web_dist/")} == built
    page = wheel.read("videocall/web_dist/index.html").decode()
    scripts = re.findall(r'src="(?:\./|/)?(assets/[^"]+\.js)"', page)
    assert scripts
    assert all(f"videocall/web_dist/{script}" in names for script in scripts)


def test_it_has_both_licences(names: list[str]) -> None:
    licences = {name.rsplit("/", 1)[1] for name in names if "/licenses/" in name}
    assert {"LICENSE-MIT", "LICENSE-APACHE"} <= licences


def test_it_has_nothing_else(names: list[str]) -> None:
    allowed = re.compile(
        r"""videocall/(
              web_dist/[^/]+\.(html|svg|png|ico|webmanifest|txt)
            | web_dist/assets/.+
            | lan/static/(index\.html|page\.(css|js))
            | _sfu\.abi3\.so
            | py\.typed
            | ([a-z_0-9]+/)*[a-z_0-9]+\.pyi?
        )
        | videocall-[\d.]+\.dist-info/.+""",
        re.VERBOSE,
    )
    assert [name for name in names if not allowed.fullmatch(name)] == []


def test_the_metadata_says_what_it_is(wheel: zipfile.ZipFile, names: list[str]) -> None:
    (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    metadata = email.message_from_bytes(wheel.read(name))
    assert metadata["Name"] == "videocall"
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT OR Apache-2.0"
    assert metadata.get_payload()


def test_it_names_no_file_of_the_machine_that_built_it(wheel: zipfile.ZipFile) -> None:
    extension = wheel.read("videocall/_sfu.abi3.so")
    assert str(ROOT).encode() not in extension
