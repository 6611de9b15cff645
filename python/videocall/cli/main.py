"""Parsing of the command line, and what each command does."""

import argparse
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from typing import Final, get_args

from videocall import __version__
from videocall.cli import migrate
from videocall.cli.loading import SettingsError, load_settings
from videocall.cli.options import OPTIONS
from videocall.protocol.fields import Role
from videocall.tokens import make_token

__all__ = ["main"]

_FAILED: Final = 1
_USAGE: Final = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 ended as asked, 1 could not start or failed, 2 was not understood."""
    arguments = _parser().parse_args(argv)
    if arguments.command == "serve":
        return _serve(arguments)
    if arguments.command == "doctor":
        return _doctor(arguments)
    if arguments.command == "migrate":
        return _migrate(arguments)
    if arguments.command == "token":
        return _token(arguments)
    _parser().print_help()
    return _USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="videocall", description="Video meetings in one command.")
    parser.add_argument("--version", action="version", version=f"videocall {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    serve = commands.add_parser(
        "serve",
        help="open meetings on this machine",
        description="Open meetings on this machine until SIGTERM or Ctrl-C.",
        epilog="Each option can also be set as VIDEOCALL_<OPTION> in the environment, with commas between several "
        "values, or as <option> in videocall.toml. A flag overrules the environment, which overrules the file.",
    )
    _add_settings(serve)
    doctor = commands.add_parser(
        "doctor",
        help="find out whether a server would work here",
        description="Prove ports, certificate, addresses, TURN, database and a real call, with the settings that "
        "`videocall serve` would have, and say how to mend what fails. Exit code 1 when something does.",
    )
    doctor.add_argument("--json", action="store_true", help="print what is found as JSON")
    _add_settings(doctor)
    migrate.describe(
        commands.add_parser(
            "migrate",
            help="bring the database up to date",
            description="Make or change the database's tables as this version needs them. `videocall serve` does so "
            "by itself when it starts.",
        )
    )
    token = commands.add_parser(
        "token",
        help="make a token that lets somebody into a room",
        description="Print a token for joinRoom, signed with the server's token_secret, which is read from where "
        "`videocall serve` reads it.",
    )
    token.add_argument("room", nargs="+", metavar="ROOM", help="room id; '*' stands for every room")
    token.add_argument("--config", metavar="FILE", help="settings file (default: videocall.toml, when there is one)")
    token.add_argument("--role", choices=get_args(Role), default="participant", help="default: participant")
    token.add_argument("--identity", metavar="ID", help="who it is; one identity is in a room once")
    token.add_argument("--name", metavar="NAME", help="what others see, whatever name the client gives")
    token.add_argument("--expires-in", metavar="SECONDS", type=int, default=3600, help="default: 3600, an hour")
    return parser


def _migrate(arguments: argparse.Namespace) -> int:
    try:
        print(migrate.migrate(arguments))
    except SettingsError as error:
        return _complain(str(error), _USAGE)
    except migrate.MigrationError as error:
        return _complain(str(error), _FAILED)
    return 0


def _add_settings(command: argparse.ArgumentParser) -> None:
    command.add_argument("--config", metavar="FILE", help="settings file (default: videocall.toml, when there is one)")
    for option in OPTIONS:
        command.add_argument(
            option.flag,
            metavar=option.metavar,
            help=option.help,
            action="append" if option.many else "store",
            nargs=None if option.bare is None else "?",
            const=option.bare,
            dest=option.name,
        )


def _doctor(arguments: argparse.Namespace) -> int:
    try:
        settings = load_settings(vars(arguments))
    except SettingsError as error:
        return _complain(str(error), _USAGE)
    from videocall.cli.doctor import run_doctor

    return 0 if run_doctor(settings, as_json=arguments.json) else _FAILED


def _token(arguments: argparse.Namespace) -> int:
    try:
        settings = load_settings({"config": arguments.config})
        secret = settings.token_secret
        if secret is None:
            return _complain(
                "there is no token_secret: set it in videocall.toml or as VIDEOCALL_TOKEN_SECRET; "
                "`openssl rand -hex 32` makes one",
                _USAGE,
            )
        role: Role = arguments.role
        token = make_token(
            secret,
            dict.fromkeys(arguments.room, role),
            identity=arguments.identity,
            display_name=arguments.name,
            expires_in_s=arguments.expires_in,
            audience=settings.token_audience,
            issuer=settings.token_issuer,
        )
    except (SettingsError, ValueError) as error:
        return _complain(str(error), _USAGE)
    print(token)
    return 0


def _serve(arguments: argparse.Namespace) -> int:
    try:
        settings = load_settings(vars(arguments))
    except SettingsError as error:
        return _complain(str(error), _USAGE)
    # What is heavy is imported when it is needed, so that --version and a wrong setting answer at once.
    import trio

    from videocall.cli.greeting import greeting
    from videocall.server import START_FAILURES, Started, serve
    from videocall.server.logs import LogFileError, logging_to

    def started(where: Started) -> None:
        columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
        print(greeting(where, settings, columns), flush=True)

    try:
        with logging_to(settings.log_file, settings.log_format, settings.log_level):
            trio.run(partial(serve, settings, started=started))
    except LogFileError as error:
        return _complain(str(error), _FAILED)
    except START_FAILURES as error:
        return _complain(str(error), _FAILED)
    return 0


def _complain(message: str, code: int) -> int:
    print(f"videocall: {message}", file=sys.stderr)
    return code
