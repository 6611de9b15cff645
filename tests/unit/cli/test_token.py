"""``videocall token``."""

import jwt
import pytest

from videocall.cli.main import main

SECRET = "s" * 32


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("empty"))
    monkeypatch.delenv("VIDEOCALL_TOKEN_SECRET", raising=False)


def test_it_prints_a_token(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VIDEOCALL_TOKEN_SECRET", SECRET)
    argv = ["token", "daily", "weekly", "--role", "host", "--identity", "ada", "--name", "Ada", "--expires-in", "60"]
    assert main(argv) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), SECRET, algorithms=["HS256"])
    assert claims["exp"] - claims["iat"] == 60
    assert (claims["sub"], claims["name"]) == ("ada", "Ada")
    assert claims["rooms"] == {"daily": {"role": "host"}, "weekly": {"role": "host"}}


def test_it_knows_viewers(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("VIDEOCALL_TOKEN_SECRET", SECRET)
    assert main(["token", "*", "--role", "viewer"]) == 0
    claims = jwt.decode(capsys.readouterr().out.strip(), SECRET, algorithms=["HS256"])
    assert claims["rooms"] == {"*": {"role": "viewer"}}


@pytest.mark.parametrize(
    ("argv", "secret", "problem"),
    [
        (["daily"], None, "there is no token_secret"),
        (["daily"], "short", "32 bytes"),
        (["no room"], SECRET, "no room id"),
        (["daily", "--expires-in", "0"], SECRET, "a second at least"),
        (["daily", "--name", "a\nb"], SECRET, "cannot say that"),
    ],
)
def test_what_is_wrong_is_one_line(
    argv: list[str],
    secret: str | None,
    problem: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if secret is not None:
        monkeypatch.setenv("VIDEOCALL_TOKEN_SECRET", secret)
    assert main(["token", *argv]) == 2
    captured = capsys.readouterr()
    assert problem in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
