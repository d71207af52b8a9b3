"""Faults that are injected into noiseaug and its workers at named points: see `injection/sitecustomize.py`."""

from __future__ import annotations

import json
import os
from pathlib import Path

INJECTION = Path(__file__).parent / "injection"
NAMED_POINTS = {
    "a temporary was opened": {"call": "os.open", "path": r"noiseaug-\w+\.tmp", "when": "after", "nth": 5},
    "an output is half written": {"call": "os.write", "path": r"noiseaug-\w+\.tmp", "when": "half"},
    "an output is about to get its name": {"call": "os.replace", "path": "(png|jpg|wav|flac)$"},
    "an output just got its name": {"call": "os.replace", "path": "(png|jpg|wav|flac)$", "when": "after"},
    "targets are about to be announced": {"call": "write", "path": "pending.jsonl"},
    "targets are half announced": {"call": "write", "path": "pending.jsonl", "when": "half"},
    "the journal is about to grow": {"call": "write", "path": "journal.jsonl"},
    "the journal is half written": {"call": "write", "path": "journal.jsonl", "when": "half"},
    "the journal has grown": {"call": "write", "path": "journal.jsonl", "when": "after"},
    "the announcements are about to go": {"call": "os.unlink", "path": "pending.jsonl"},
    "the manifest is about to be replaced": {"call": "os.replace", "path": "manifest.jsonl"},
    "the manifest was just replaced": {"call": "os.replace", "path": "manifest.jsonl", "when": "after"},
}


def injected(fault: dict) -> dict[str, str]:
    """The environment in which a process suffers `fault`, as `injection/sitecustomize.py` describes it."""
    return {
        "PYTHONPATH": os.pathsep.join([str(INJECTION), os.environ.get("PYTHONPATH", "")]),
        "FAULT_OF_NOISEAUG": json.dumps({"nth": 1, "when": "before"} | fault),
    }
