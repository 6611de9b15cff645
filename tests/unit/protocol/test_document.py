from pathlib import Path

from videocall.protocol.document import render
from videocall.protocol.errors import ErrorCode
from videocall.protocol.methods import METHODS
from videocall.protocol.notifications import NOTIFICATIONS

DOCUMENT = Path(__file__).parents[3] / "docs" / "protocol.md"


def test_the_document_is_up_to_date() -> None:
    made = "python -m videocall.protocol.document > docs/protocol.md"
    assert DOCUMENT.read_text() == render(), f"run: {made}"


def test_everything_is_in_it() -> None:
    document = render()
    for name in (*METHODS, *NOTIFICATIONS):
        assert f"### {name}\n" in document
    assert all(f"| `{code}` |" in document for code in ErrorCode)
