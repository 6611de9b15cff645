"""The README says what is so."""

import re

import pytest
from tests.packaging.environments import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_its_example_is_the_one_that_the_tests_run() -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert block == (ROOT / "tests" / "examples" / "sfu_example.py").read_text(encoding="utf-8")


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_its_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert links
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_its_make_targets_exist(document: str) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z]+)", (ROOT / document).read_text(encoding="utf-8")))
    assert named <= targets
    assert named
