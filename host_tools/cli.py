"""The `torgpuls` command: finds its commands, and says every error in one line."""

from __future__ import annotations

import ast
import errno
import importlib
import os
import pkgutil
import signal
import sys
import tempfile
from pathlib import Path

import click
from torgpuls.firmware.node.errors import PersonError
from torgpuls.host_tools.errors import UserError

EXIT_USER_ERROR = 2
EXIT_INTERRUPTED = 130  # 128 + SIGINT, as a shell says it
REMEDIES = {
    errno.ENOSPC: "make room and try again",
    errno.EDQUOT: "make room and try again",
    errno.EACCES: "give this user the right to it, or name another",
    errno.EROFS: "name another",
    errno.ENOENT: "check the path",
    errno.EEXIST: "move it away",
    errno.EISDIR: "name the file in it",
    errno.ENOTDIR: "a part of the path is a file, check it",
    errno.ENAMETOOLONG: "choose a shorter one",
}
COMMANDS_FOLDER = Path(__file__).with_name("commands")
# Every option can be given in the environment too: --port of serve as TORGPULS_SERVE_PORT.
SETTINGS = {"help_option_names": ["-h", "--help"], "auto_envvar_prefix": "TORGPULS"}
COMMANDS_PACKAGE = "torgpuls.host_tools.commands"


class CommandFolder(click.Group):
    """A group with one command per file of commands/; a file is imported when its command runs.

    `--help` only reads the first docstring line of each file, so it stays quick whatever
    the commands import.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands' names in alphabetical order."""
        names = [module.name for module in pkgutil.iter_modules([str(COMMANDS_FOLDER)])]
        return sorted(name.replace("_", "-") for name in names if not name.startswith("_"))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of that name, or None when no file has it."""
        if cmd_name not in self.list_commands(ctx):
            return None
        module = importlib.import_module(f"{COMMANDS_PACKAGE}.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing one."""
        rows = [(name, _first_docstring_line(name)) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _first_docstring_line(command_name: str) -> str:
    source = (COMMANDS_FOLDER / f"{command_name.replace('-', '_')}.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return docstring.partition("\n")[0]


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    from importlib import metadata

    try:
        version = metadata.version("torgpuls")
    except metadata.PackageNotFoundError:
        version = "(not installed; run from its folder)"
    click.echo(f"torgpuls {version}")
    ctx.exit()


@click.group(cls=CommandFolder, context_settings=SETTINGS)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version,
    help="Print the version and end.",
)  # fmt: skip
def torgpuls() -> None:
    """Count how many people are in a place, without learning who they are."""


def run(arguments: list[str] | None = None) -> int:
    """Run one command line and return its exit code; every expected error is one line on stderr.

    0: done; 2: the person who typed it can fix it; 130: Ctrl-C. Our own bugs fall through
    with their traceback.
    """
    if sys.stdout is None:  # the shell closed it: `torgpuls … >&-`
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    try:
        result = torgpuls.main(arguments, prog_name="torgpuls", standalone_mode=False)
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        print(error.message, file=sys.stderr)
        return EXIT_USER_ERROR
    except click.UsageError as error:
        return _say(_usage_line(error))
    except click.ClickException as error:
        return _say(error.format_message())
    except (UserError, PersonError) as error:
        return _say(str(error))
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return 1
    except OSError as error:
        line = _line_of_the_system(error)
        if line is None:
            raise
        return _say(line)
    return result if isinstance(result, int) else 0


def _say(problem: str) -> int:
    # A file's name may hold what would steer the terminal.
    line = "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(problem.split()))
    print(f"torgpuls: {line}", file=sys.stderr)
    return EXIT_USER_ERROR


def _line_of_the_system(error: OSError) -> str | None:
    """Return what went wrong with which file and what to do; None when it names no file: that is our bug."""
    remedy = REMEDIES.get(error.errno or 0)
    if error.filename is not None and error.strerror is not None:
        return f"{os.fsdecode(error.filename)}: {error.strerror}{': ' if remedy else ''}{remedy or ''}"
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        _forget_stdout()
        return f"{error.strerror} for the output or temporary files ({tempfile.gettempdir()}): {remedy}"
    return None


def _usage_line(error: click.UsageError) -> str:
    path = error.ctx.command_path if error.ctx else "torgpuls"
    return f"{error.format_message().rstrip('.')}. See: {path} --help"


def _forget_stdout() -> None:
    # The reader of our pipe is gone (`torgpuls … | head`), or its disk is full: what is still buffered
    # has nowhere to go.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main() -> None:
    """Entry point of the installed command. SIGTERM and a closed terminal end it as Ctrl-C does."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:  # nohup's wish is respected
            signal.signal(number, signal.default_int_handler)
    sys.exit(run())


if __name__ == "__main__":
    main()
