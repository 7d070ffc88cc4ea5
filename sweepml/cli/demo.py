"""`make demo`: the whole path once, from labelled captures to alerts on a log that was not trained on."""

from __future__ import annotations

import sys
from pathlib import Path

from sweepml.cli.main import main
from sweepml.cli.train import run as train
from sweepml.simulation.office import INFECTED, SWEEP_PORT, office
from sweepml.simulation.zeek_log import write_zeek_log

FOLDER = Path("outputs/demo")


def demo() -> int:
    """Train on the laboratory captures, then score an afternoon in an office that the model never saw."""
    _say("1. Training on the two laboratory captures (two to four minutes on two cores)")
    code = train(["data=lab", "name=demo"])
    if code:
        return code
    log = FOLDER / "office.conn.log"
    count = write_zeek_log(office(), log)
    _say(
        f"2. Scoring {log}: {count:,} simulated connections of an office that is in no training data.\n"
        f"   One of its 31 sources, {INFECTED}, looks for port {SWEEP_PORT} from 14:10 on."
    )
    code = main(["score", str(FOLDER / "detector.onnx"), str(log), "--alert-format", "text"])
    _say(
        "3. Look further\n"
        f"   .venv/bin/sweepml inspect {FOLDER}/detector.onnx        what the bundle says of itself\n"
        f"   .venv/bin/sweepml score {FOLDER}/detector.onnx YOUR/conn.log\n"
        "   .venv/bin/sweepml ui                                    runs, metrics and plots in MLflow"
    )
    return code


def _say(text: str) -> None:
    sys.stdout.write(f"\n{text}\n\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(demo())
