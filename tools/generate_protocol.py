"""Write what is generated from the protocol's types, or with ``--check`` say what is not up to date."""

import sys
from collections.abc import Callable
from pathlib import Path

from project.paths import ROOT
from protocol_docs import json_schema, markdown, typescript
from videocall.server.api import openapi

OUTPUTS: dict[Path, Callable[[], str]] = {
    ROOT / "docs" / "protocol.md": markdown.render,
    ROOT / "docs" / "protocol.schema.json": json_schema.render,
    ROOT / "docs" / "openapi.json": openapi.render,
    ROOT / "web" / "src" / "protocol" / "generated.ts": typescript.render,
}


def main() -> None:
    """Do it."""
    stale: list[str] = []
    for path, render in OUTPUTS.items():
        text = render()
        if path.is_file() and path.read_text("utf-8") == text:
            continue
        if sys.argv[1:] == ["--check"]:
            stale.append(str(path.relative_to(ROOT)))
        else:
            path.write_text(text, "utf-8")
            print(f"wrote {path.relative_to(ROOT)}")
    if stale:
        sys.exit(f"error: not up to date: {', '.join(stale)}; run: python tools/generate_protocol.py")


if __name__ == "__main__":
    main()
