from ipaddress import ip_network
from pathlib import Path

import pytest

from videocall.cli.loading import SettingsError, load_settings
from videocall.cli.main import main
from videocall.cli.options import OPTIONS, Option
from videocall.server.settings import EVERY_ADDRESS, RtcAddress, Settings

SECRET = "s" * 32
TURN = "turn:turn.example.org:3478?transport=udp"
HOME = {"HOME": "/home/ada"}


def load(
    tmp_path: Path, flags: dict[str, object] | None = None, environ: dict[str, str] | None = None, file: str = ""
) -> Settings:
    if file:
        (tmp_path / "videocall.toml").write_text(file)
    return load_settings(flags or {}, {**HOME, **(environ or {})}, tmp_path)


def test_the_defaults_need_nothing(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.host, settings.port, settings.rtc_port, settings.workers) == ("127.0.0.1", 8080, 10000, 0)
    assert (settings.rtc_addresses, settings.tls, settings.stun_servers, settings.allowed_origins) == (
        (),
        "auto",
        (),
        (),
    )
    assert settings.log_file == Path("/home/ada/.local/state/videocall/videocall.log")
    assert settings.database_url == "sqlite:////home/ada/.local/share/videocall/videocall.db"


def test_the_log_is_in_the_state_directory(tmp_path: Path) -> None:
    assert load(tmp_path, environ={"XDG_STATE_HOME": "/s"}).log_file == Path("/s/videocall/videocall.log")


def test_the_database_is_in_the_data_directory(tmp_path: Path) -> None:
    database = load(tmp_path, environ={"XDG_DATA_HOME": "/d"}).database_url
    assert database == "sqlite:////d/videocall/videocall.db"


@pytest.mark.parametrize("text", ["mysql://ada:hunter2@db/x", "sqlite:///", "hunter2", "memory "])
def test_a_wrong_database_url_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="VIDEOCALL_DATABASE_URL: this takes sqlite:///PATH") as error:
        load(tmp_path, environ={"VIDEOCALL_DATABASE_URL": text})
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    ["http://ada:hunter2@redis", "redis://", "redis://ada:hunter2@redis:x", "redis://r/hunter2", "redis://r?x=hunter2"],
)
def test_a_wrong_redis_url_is_not_repeated(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match="VIDEOCALL_REDIS_URL: this takes redis://USER") as error:
        load(tmp_path, environ={"VIDEOCALL_REDIS_URL": text})
    assert "hunter2" not in str(error.value)


def test_settings_do_not_show_the_database_password(tmp_path: Path) -> None:
    url = "postgresql://ada:hunter2@db/videocall?password=hunter2"
    settings = load(tmp_path, environ={"VIDEOCALL_DATABASE_URL": url})
    assert settings.database_url == url
    assert "postgresql://db/videocall" in repr(settings)
    assert "hunter2" not in repr(settings)


def test_flags_overrule_the_environment_which_overrules_the_file(tmp_path: Path) -> None:
    file = 'port = 1\nhost = "h1"\nworkers = 1\n'
    environ = {"VIDEOCALL_PORT": "2", "VIDEOCALL_HOST": "h2"}
    settings = load(tmp_path, {"port": "3"}, environ, file)
    assert (settings.port, settings.host, settings.workers) == (3, "h2", 1)


EVERY: dict[str, tuple[str, object]] = {
    "lan": ("yes", True),
    "redirect_port": ("81", 81),
    "tunnel": ("ngrok", "ngrok"),
    "public_address": ("203.0.113.9", ("203.0.113.9",)),
    "data_dir": ("/d", Path("/d")),
    "host": ("::1", "::1"),
    "port": ("0", 0),
    "rtc_port": ("20000", 20000),
    "rtc_tcp": ("off", False),
    "rtc_address": ("10.0.0.1=203.0.113.1", (RtcAddress("10.0.0.1", "203.0.113.1"),)),
    "workers": ("3", 3),
    "tls": (f"{__file__},{__file__}", (Path(__file__), Path(__file__))),
    "stun_server": ("stun:stun.example.org:3478", ("stun:stun.example.org:3478",)),
    "turn_server": (TURN, (TURN,)),
    "turn_secret": ("north", "north"),
    "turn_ttl": ("3600", 3600),
    "turn_user": ("ada", "ada"),
    "turn_password": ("lovelace", "lovelace"),
    "allowed_origin": ("https://App.example.org", ("https://app.example.org",)),
    "log_file": ("/l", Path("/l")),
    "log_format": ("text", "text"),
    "log_level": ("debug", "debug"),
    "web_dist": ("/w", Path("/w")),
    "request_rate": ("7", 7),
    "resume_within": ("9", 9),
    "token_secret": (SECRET, SECRET),
    "token_jwks": ("https://login.example.org/jwks", "https://login.example.org/jwks"),
    "token_audience": ("videocall", "videocall"),
    "token_issuer": ("https://login.example.org", "https://login.example.org"),
    "token_leeway": ("0", 0),
    "trusted_proxy": ("10.1.2.3/8", (ip_network("10.0.0.0/8"),)),
    "webhook_url": ("https://app.example.org/hook?key=1", ("https://app.example.org/hook?key=1",)),
    "webhook_secret": (SECRET, SECRET),
    "database_url": ("postgresql://a:b@db/videocall", "postgresql://a:b@db/videocall"),
    "redis_url": ("rediss://:hunter2@redis:6380/1", "rediss://:hunter2@redis:6380/1"),
    "keep_chat": ("7", 7),
    "keep_sessions": ("0", 0),
    "api_key": ("k" * 16, ("k" * 16,)),
}
"""What each option's text makes of its field."""

COMPANIONS: dict[str, dict[str, object]] = {
    "webhook_url": {"webhook_secret": SECRET},
    "turn_secret": {"turn_server": [TURN]},
    "turn_user": {"turn_server": [TURN], "turn_password": "x"},
    "turn_password": {"turn_server": [TURN], "turn_user": "x"},
}
"""Flags without which an option is refused."""


@pytest.mark.parametrize("option", OPTIONS, ids=lambda option: option.name)
def test_every_option_can_come_from_each_of_the_three(tmp_path: Path, option: Option) -> None:
    text, expected = EVERY[option.name]
    needed = COMPANIONS.get(option.name, {})
    flag = {option.name: [text] if option.many else text}
    environ = {option.variable: text}
    switches = {"yes": "true", "off": "false"}
    file = f"{option.name} = {switches.get(text) or (text if text.isdigit() else repr(text))}"
    for settings in (
        load(tmp_path, flag | needed),
        load(tmp_path, needed, environ),
        load(tmp_path, needed, file=file),
    ):
        assert getattr(settings, option.field) == expected


def test_several_values(tmp_path: Path) -> None:
    both = (RtcAddress("10.0.0.1"), RtcAddress("10.0.0.2"))
    assert load(tmp_path, {"rtc_address": ["10.0.0.1", "10.0.0.2"]}).rtc_addresses == both
    assert load(tmp_path, environ={"VIDEOCALL_RTC_ADDRESS": "10.0.0.1, 10.0.0.2"}).rtc_addresses == both
    assert load(tmp_path, file='rtc_address = ["10.0.0.1", "10.0.0.2"]').rtc_addresses == both


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("log_format", "xml"),
        ("log_level", "loud"),
        ("port", "eighty"),
        ("port", "-1"),
        ("port", "65536"),
        ("port", "8080.0"),
        ("rtc_port", "70000"),
        ("workers", "0"),
        ("workers", "1e3"),
        ("host", "a b"),
        ("rtc_address", "0.0.0.0"),
        ("rtc_address", "::"),
        ("rtc_address", "example.org"),
        ("rtc_address", "10.0.0.1=example.org"),
        ("tls", "one"),
        ("lan", "perhaps"),
        ("tunnel", "wormhole"),
        ("public_address", "127.0.0.1"),
        ("public_address", "example.org"),
        ("tls", "/no/cert,/no/key"),
        ("stun_server", "stun.example.org"),
        ("turn_server", "stun:stun.example.org"),
        ("turn_server", "turn:turn.example.org?transport=sctp"),
        ("turn_ttl", "59"),
        ("stun_server", "http://stun.example.org"),
        ("token_jwks", "/no/such/file"),
        ("token_jwks", "http://login.example.org/jwks"),
        ("token_jwks", "https:///jwks"),
        ("token_leeway", "301"),
        ("trusted_proxy", "proxy.example.org"),
        ("trusted_proxy", "0.0.0.0/0"),
        ("trusted_proxy", "::/0"),
        ("allowed_origin", "example.org"),
        ("allowed_origin", "https://example.org/page"),
    ],
)
def test_a_wrong_value_is_one_line_that_names_it_and_its_source(tmp_path: Path, name: str, text: str) -> None:
    many = name in {option.name for option in OPTIONS if option.many}
    flag = "--" + name.replace("_", "-")
    for source, arguments in (
        (flag, {"flags": {name: [text] if many else text}}),
        (f"VIDEOCALL_{name.upper()}", {"environ": {f"VIDEOCALL_{name.upper()}": text}}),
        (name, {"file": f"{name} = {text!r}"}),
    ):
        with pytest.raises(SettingsError, match=source) as error:
            load(tmp_path, **arguments)  # type: ignore[arg-type]
        assert "\n" not in str(error.value)
        assert text.split("=")[-1].split(",")[0] in str(error.value)


@pytest.mark.parametrize(
    ("file", "told"),
    [
        ("prot = 1", "prot"),
        ("port = ", "no TOML"),
        ("port = true", "port"),
        ("port = [1]", "port"),
        ("port = 1.5", "port"),
    ],
)
def test_a_wrong_file_is_one_line(tmp_path: Path, file: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told) as error:
        load(tmp_path, file=file)
    assert "\n" not in str(error.value)


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"other\.toml"):
        load(tmp_path, {"config": str(tmp_path / "other.toml")})
    (tmp_path / "other.toml").write_text("port = 7")
    assert load(tmp_path, environ={"VIDEOCALL_CONFIG": str(tmp_path / "other.toml")}).port == 7


def test_a_wrong_flag_ends_with_two_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "x"]) == 2
    captured = capsys.readouterr()
    assert captured.err == "videocall: --port: 'x' is not a number from 0 to 65535\n"
    assert captured.out == ""


def test_without_a_command_there_is_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "serve" in capsys.readouterr().out


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out.startswith("videocall ")


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])
    shown = capsys.readouterr().out
    assert all(option.flag in shown for option in OPTIONS)


def test_a_short_secret_is_refused_and_not_repeated(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="VIDEOCALL_TOKEN_SECRET: a secret needs 32 bytes") as refused:
        load(tmp_path, environ={"VIDEOCALL_TOKEN_SECRET": "hunter2"})
    assert "hunter2" not in str(refused.value)
    assert SECRET not in repr(load(tmp_path, environ={"VIDEOCALL_TOKEN_SECRET": SECRET}))


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        ({"turn_secret": "hush"}, "turn_server is missing"),
        ({"turn_server": [TURN], "turn_user": "ada"}, "turn_password is missing"),
        ({"turn_server": [TURN], "turn_password": "hush"}, "turn_user is missing"),
        (
            {"turn_server": [TURN], "turn_secret": "hush", "turn_user": "a", "turn_password": "hush"},
            "exclude each other",
        ),
    ],
)
def test_turn_settings_that_do_not_go_together(tmp_path: Path, flags: dict[str, object], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as refused:
        load(tmp_path, flags)
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("api_key", "hunter2"),
        ("api_key", "sixteen characters and a blank"),
        ("webhook_url", "ftp://app.example.org/hunter2"),
        ("webhook_url", "https:///hunter2"),
        ("webhook_url", "https://app.example.org:port/hunter2"),
        ("webhook_secret", "hunter2"),
        ("webhook_secret", "whsec_not/base64!hunter2"),
    ],
)
def test_what_may_be_secret_is_refused_and_not_repeated(tmp_path: Path, name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=f"VIDEOCALL_{name.upper()}: ") as refused:
        load(tmp_path, environ={f"VIDEOCALL_{name.upper()}": text})
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_webhooks_are_signed(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="webhook_secret is missing"):
        load(tmp_path, environ={"VIDEOCALL_WEBHOOK_URL": "https://app.example.org/"})


def test_settings_do_not_show_their_secrets(tmp_path: Path) -> None:
    secrets = {"token_secret": SECRET, "webhook_secret": SECRET, "api_key": [SECRET], "turn_secret": SECRET}
    assert SECRET not in repr(load(tmp_path, {**secrets, "turn_server": [TURN]}))


def test_the_lan_is_every_address_unless_one_is_named(tmp_path: Path) -> None:
    assert load(tmp_path, {"lan": "yes"}).host == EVERY_ADDRESS
    assert load(tmp_path, {"lan": "yes", "host": "10.0.0.1"}).host == "10.0.0.1"
    assert load(tmp_path, {"lan": "no"}).host == "127.0.0.1"
    assert load(tmp_path, file="lan = true").host == EVERY_ADDRESS


def test_data_is_in_the_data_directory(tmp_path: Path) -> None:
    assert load(tmp_path).data_dir == Path("/home/ada/.local/share/videocall")
    assert load(tmp_path, environ={"XDG_DATA_HOME": "/d"}).data_dir == Path("/d/videocall")
