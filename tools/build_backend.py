"""PEP 517 backend: builds the page first, then hands over to maturin.

Every way to build (``pip install .``, ``pip install -e .``, ``uv build``, ``make run``) goes through here, so no wheel
can come out without its page. From an sdist, which carries the built page and not its sources, Node is not needed.
"""

import os
import sys
from collections.abc import Mapping
from typing import Any

import maturin  # pyright: ignore[reportMissingTypeStubs]

from web_bundle import WebBundleError, build, verify

Settings = Mapping[str, Any] | None

get_requires_for_build_wheel = maturin.get_requires_for_build_wheel
get_requires_for_build_editable = maturin.get_requires_for_build_editable
get_requires_for_build_sdist = maturin.get_requires_for_build_sdist
prepare_metadata_for_build_wheel = maturin.prepare_metadata_for_build_wheel
prepare_metadata_for_build_editable = maturin.prepare_metadata_for_build_editable


def build_wheel(wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None) -> str:
    """Build the page and the wheel; return the wheel's file name."""
    _web_bundle()
    name: str = maturin.build_wheel(wheel_directory, config_settings, metadata_directory)
    return name


def build_editable(
    wheel_directory: str, config_settings: Settings = None, metadata_directory: str | None = None
) -> str:
    """Build the page and a wheel that points into this tree; return the wheel's file name."""
    _web_bundle()
    name: str = maturin.build_editable(wheel_directory, config_settings, metadata_directory)
    return name


def build_sdist(sdist_directory: str, config_settings: Settings = None) -> str:
    """Build the page and the source archive, which carries it; return the archive's file name."""
    _web_bundle()
    name: str = maturin.build_sdist(sdist_directory, config_settings)
    return name


def _web_bundle() -> None:
    try:
        # `make run` builds the page as a step of its own, and only when its sources changed.
        if os.environ.get("VIDEOCALL_WEB_BUNDLE") == "built":
            verify()
        else:
            build()
    except WebBundleError as error:
        sys.exit(f"error: {error}")
