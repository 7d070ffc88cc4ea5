"""The `sweepml` command. Only what a subcommand needs is imported, and only when it is asked for."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Final

from sweepml.errors import MissingExtraError, SweepmlError
from sweepml.runtime.idle import IDLE_CLOSE_S

EXIT_OK: Final = 0
EXIT_ERROR: Final = 2
EXIT_INTERRUPTED: Final = 130
"""128 + SIGINT, as shells report it."""
EXIT_BROKEN_PIPE: Final = 141
"""128 + SIGPIPE: whoever read the output has gone."""

LOG_LEVELS: Final = ("debug", "info", "warning", "error")

_OPTIONS_WITH_VALUE: Final = ("--log-level",)

HYDRA_COMMANDS: Final = {
    "features": ("sweepml.cli.features", "train", "features of logs as a Parquet file (needs sweepml[train])"),
    "ablate": ("sweepml.cli.ablate", "train", "what each feature family is worth (needs sweepml[train])"),
    "benchmark": (
        "sweepml.cli.benchmark",
        "train",
        "every model and every public rule on the same captures (needs sweepml[train])",
    ),
    "calibrate": (
        "sweepml.cli.calibrate",
        "train",
        "thresholds of a detector from a site's own traffic (needs sweepml[train])",
    ),
    "export": ("sweepml.cli.export", "train", "the bundle of a run or a registered model (needs sweepml[train])"),
    "inject": ("sweepml.cli.inject", "train", "put labelled sweeps into a log of your own (needs sweepml[train])"),
    "promote": (
        "sweepml.cli.promote",
        "train",
        "make a detector the champion if nothing gets worse (sweepml[train])",
    ),
    "search": ("sweepml.cli.search", "train", "parameters of a model by cross-validation (needs sweepml[train])"),
    "simulate": ("sweepml.cli.simulate", "train", "a made-up network with sweeps in it (needs sweepml[train])"),
    "train": ("sweepml.cli.train", "train", "train a detector on labelled logs (needs sweepml[train])"),
    "ui": ("sweepml.cli.ui", "train", "compare runs in MLflow's UI (needs sweepml[train])"),
}
"""Command -> module whose ``run(overrides) -> int`` it is, extra that it needs, help. What follows such a
command on the line is Hydra's, word by word."""

_DESCRIPTION: Final = """\
Finds port sweeps in connection logs: one source that tries the same port, or a few, on many hosts.

A detector is one .onnx file, the bundle. `sweepml check` says what is in a log, `sweepml train` makes a
bundle from labelled logs, `sweepml score` runs it on any log and writes one JSON line per alert, `sweepml
inspect` shows what is in it."""

_EXAMPLES: Final = """\
examples:
  sweepml check conn.log                                     what is in this log, and what was left out
  sweepml score detector.onnx conn.log                       alerts to the screen, as JSON lines
  sweepml score detector.onnx conn.log --alert-format text   the same, for reading
  sweepml score detector.onnx /var/log/zeek/conn.log --follow --output alerts.jsonl
                                                             run beside Zeek until stopped
  zcat conn.*.log.gz | sweepml score detector.onnx -         from standard input
  sweepml score /var/log/zeek/conn.log                       with the detector that comes with sweepml
  sweepml inspect detector.onnx                              what it was trained on, and how good it is
  sweepml train model=gradient_boosting                      train; settings as name=value

`sweepml COMMAND --help` says more of each."""

_SCORE_EXAMPLES: Final = """\
Alerts go to standard output, or to --output; everything else goes to standard error. A sweep that goes on is
one finding: it opens, is updated when it grows, and closes when it is over.

exit status:
  0    everything was read
  2    something is unusable; what was found before that has been written
  130  interrupted"""


_CHECK_EXAMPLES: Final = """\
Reads everything and trains nothing: format, records, what was left out and why with first examples, time span,
sources, destinations, protocols, outcomes, and what a detector would lack because of what the log does not hold.

  sweepml check /var/log/zeek/conn.log
  sweepml check logs/ --json              a folder: all files in it
  sweepml check capture.pcap              packets need sweepml[train,pcap]

exit status:
  0    every file gave connections
  2    one did not; all that could be read has been reported"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv
        Arguments without the program's name; `sys.argv` by default.

    Returns
    -------
    int
        Exit status: 0, 2 after an error of the user's or the input's, 130 if interrupted, 141 if nobody
        reads the output.
    """
    own, overrides = _split(list(sys.argv[1:] if argv is None else argv))
    parser = _parser()
    try:
        options = parser.parse_args(own)
    except SystemExit as stop:  # argparse has said why
        return int(stop.code or EXIT_OK)
    if options.command is None:
        parser.print_help()
        return EXIT_ERROR
    _set_log_level(options.log_level)
    return _guarded(_command(options, overrides))


def _guarded(command: Callable[[], int]) -> int:
    """Run a command; turn what can go wrong into one sentence and an exit status."""
    try:
        return command()
    except SweepmlError as error:
        return _fail(str(error))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # Python flushes standard output once more when it exits, which would fail again.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_BROKEN_PIPE
    except OSError as error:
        return _fail(f"{error.filename or 'input or output'}: {error.strerror or error}")


def _split(arguments: list[str]) -> tuple[list[str], list[str]]:
    """Split before what belongs to Hydra, if a command of its own is named."""
    i = 0
    while i < len(arguments) and arguments[i].startswith("-"):
        i += 2 if arguments[i] in _OPTIONS_WITH_VALUE else 1
    if i < len(arguments) and arguments[i] in HYDRA_COMMANDS:
        return arguments[: i + 1], arguments[i + 1 :]
    return arguments, []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sweepml",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sweepml {_version()}")
    parser.add_argument(
        "--log-level",
        choices=LOG_LEVELS,
        default="warning",
        help="how much to tell on standard error (default: warning)",
    )
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", title="commands")
    _add_check(commands)
    _add_score(commands)
    _add_inspect(commands)
    for name, (_, _, text) in HYDRA_COMMANDS.items():
        commands.add_parser(name, help=text, add_help=False)
    return parser


def _add_check(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    check = commands.add_parser(
        "check",
        help="say what is in logs, and what was left out and why",
        description=_CHECK_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.add_argument(
        "inputs",
        metavar="FILE",
        nargs="+",
        help="log files, plain or compressed; folders and patterns stand for the files in them; - is standard input",
    )
    check.add_argument(
        "--format",
        metavar="NAME",
        default="auto",
        help="log format, or a mapping's YAML file (default: auto, told from the content)",
    )
    check.add_argument("--json", action="store_true", help="findings as one JSON document")


def _add_score(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    score = commands.add_parser(
        "score",
        help="raise alerts from connection logs",
        description="Scores connection logs and writes an alert for every port sweep.",
        epilog=_SCORE_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    score.add_argument(
        "files",
        metavar="[BUNDLE] INPUT",
        nargs="+",
        help="the detector, a file that ends in .onnx; the one that comes with sweepml where none is named. Then "
        "logs, plain or compressed, oldest first: together they are one stream; folders and patterns stand for the "
        "files in them; - is standard input",
    )
    score.add_argument("--follow", action="store_true", help="wait for more at the end of the last log")
    score.add_argument(
        "--idle-close",
        metavar="SECONDS",
        type=float,
        default=IDLE_CLOSE_S,
        help="while a followed log is silent, close windows so long after their end (default: %(default)g; inf: never)",
    )
    score.add_argument("--output", metavar="FILE", help="append alerts to this file")
    score.add_argument(
        "--format",
        metavar="NAME",
        default="auto",
        help="log format, or a mapping's YAML file (default: auto, told from the content)",
    )
    score.add_argument(
        "--alert-format",
        metavar="NAME",
        default="ocsf",
        help="ocsf: JSON lines, OCSF Detection Finding (default); text: for reading",
    )
    score.add_argument("--quiet", action="store_true", help="no summary and no progress")


def _add_inspect(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    inspect = commands.add_parser(
        "inspect",
        help="show what is in a detector",
        description="Shows a detector's manifest: model, windows, thresholds, training data, metrics.",
    )
    inspect.add_argument(
        "bundle",
        metavar="BUNDLE",
        nargs="?",
        help="the detector, an .onnx file; left out, the one that comes with sweepml",
    )
    inspect.add_argument("--json", action="store_true", help="the whole manifest as JSON")


def _command(options: argparse.Namespace, overrides: list[str]) -> Callable[[], int]:
    if options.command in HYDRA_COMMANDS:
        module, extra, _ = HYDRA_COMMANDS[options.command]
        return lambda: _run_with_extra(module, extra, overrides)
    if options.command == "check":
        return lambda: _check(options)
    if options.command == "inspect":
        return lambda: _inspect(options)
    return lambda: _score(options)


def _check(options: argparse.Namespace) -> int:
    from sweepml.cli.check import CheckOptions, run

    return run(CheckOptions(inputs=tuple(options.inputs), log_format=options.format, as_json=options.json))


def _score(options: argparse.Namespace) -> int:
    from sweepml.cli.score import ScoreOptions, run, split_files

    bundle, inputs = split_files(options.files)
    return run(
        ScoreOptions(
            bundle=bundle,
            inputs=inputs,
            follow=options.follow,
            idle_close_s=options.idle_close,
            output=options.output,
            log_format=options.format,
            alert_format=options.alert_format,
            quiet=options.quiet,
        )
    )


def _inspect(options: argparse.Namespace) -> int:
    from sweepml.cli.inspect import run
    from sweepml.runtime.default_detector import DEFAULT_DETECTOR

    return run(options.bundle or str(DEFAULT_DETECTOR), as_json=options.json)


def _run_with_extra(module: str, extra: str, overrides: list[str]) -> int:
    """Run a command that needs an extra, and name the extra where it is not installed."""
    try:
        return int(importlib.import_module(module).run(overrides))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if not package or package == "sweepml":
            raise  # not an extra: ours is broken
        raise MissingExtraError(package, extra) from None


def _fail(sentence: str) -> int:
    print("sweepml:", " ".join(sentence.split()), file=sys.stderr)
    return EXIT_ERROR


def _set_log_level(level: str) -> None:
    logger = logging.getLogger("sweepml")
    for handler in [handler for handler in logger.handlers if handler.get_name() == "sweepml.cli"]:
        logger.removeHandler(handler)
    handler = logging.StreamHandler()
    handler.set_name("sweepml.cli")
    handler.setFormatter(logging.Formatter("sweepml: %(levelname)s: %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(level.upper())


def _version() -> str:
    try:
        return version("sweepml")
    except PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"


if __name__ == "__main__":
    sys.exit(main())
