"""The program: its commands, and how anything that goes wrong ends."""

from __future__ import annotations

import gc
import os
import sys
from typing import Annotated

import typer

from tflint.cli.baseline import baseline
from tflint.cli.bench import bench
from tflint.cli.check import check
from tflint.cli.complete import set_up_completion
from tflint.cli.config import config
from tflint.cli.convert import convert
from tflint.cli.diff import diff
from tflint.cli.doctor import doctor
from tflint.cli.explain import explain
from tflint.cli.fix import fix
from tflint.cli.memory import memory
from tflint.cli.output import emit
from tflint.cli.rule import rule
from tflint.cli.server import server
from tflint.cli.targets import targets
from tflint.cli.train import train
from tflint.errors import DEBUG_VARIABLE, ExitCode, TflintError
from tflint.printable import printable
from tflint.version import __version__

SECOND_NAME = "tflite-lint"
# Options that only Terraform's linter of the same name has.
_TERRAFORM_OPTIONS = (
    "--init",
    "--chdir",
    "--recursive",
    "--enable-rule",
    "--minimum-failure-severity",
    "--filter",
    "--call-module-type",
    "--var-file",
    "--ignore-module",
    "--disable-rule",
    "--enable-plugin",
    "--langserver",
)

app = typer.Typer(
    name="tflint",
    help="Find out what keeps a TFLite model from running on a microcontroller, and why.",
    add_completion=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(check)
app.command()(fix)
app.command()(convert)
app.command()(rule)
app.command()(explain)
app.command()(diff)
app.command()(memory)
app.command()(bench)
app.command()(train)
app.command()(targets)
app.command()(config)
app.command()(baseline)
app.command()(doctor)
app.command()(server)


def _print_version(requested: bool) -> None:
    if requested:
        emit(f"tflint {__version__}\n")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(ExitCode.USAGE)


def main() -> None:
    """Run the command line and exit with its code. Never shows a traceback."""
    # Models become many small objects that live until the end: looking for garbage among them
    # every 700 allocations, as Python does by default, takes as long as reading them.
    gc.set_threshold(200_000, 20, 20)
    for stream in (sys.stdout, sys.stderr):
        # A name from a model must not fail to print because the terminal is ASCII.
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        _meant_for_terraform(sys.argv[1:])
        program = _program()
        done = set_up_completion(sys.argv[1:], program)
        code = 0 if done else app(standalone_mode=False, prog_name=program)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        sys.exit(_report(error))
    sys.exit(code or 0)


def _program() -> str:
    """The name it was called by: what usage lines show, and what a shell completes."""
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    return SECOND_NAME if name == SECOND_NAME else "tflint"


def _report(error: Exception) -> ExitCode:
    """Say in one line what went wrong; returns the exit code."""
    if isinstance(error, TflintError):
        message, code = str(error), error.exit_code
    elif isinstance(error, OSError):
        message, code = f"the output cannot be written: {error.strerror}", ExitCode.USAGE
    elif hasattr(error, "format_message"):
        # Typer's own, for options and arguments.
        message, code = error.format_message(), ExitCode.USAGE
    else:
        kind = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        message = f"internal error, please report it: {printable(kind, 300)}"
        message += f" ({DEBUG_VARIABLE}=1 shows where)"
        code = ExitCode.USAGE
    print(f"tflint: {message}", file=sys.stderr)
    return code


def _meant_for_terraform(arguments: list[str]) -> None:
    """Recognise a call of the other tflint, which lints Terraform."""
    inputs = [argument for argument in arguments if not argument.startswith("-")]
    options = [argument.partition("=")[0] for argument in arguments if argument.startswith("-")]
    # What is no file is a command, or the value of an option as in `-f compact main.tf`.
    files = [path for path in inputs if "." in path]
    only_terraform = bool(files) and all(path.endswith((".tf", ".tf.json")) for path in files)
    if only_terraform or any(option in _TERRAFORM_OPTIONS for option in options):
        raise TflintError(
            "this is the tflint for TFLite models, not the one for Terraform; "
            "this one is also installed as `tflite-lint`"
        )
