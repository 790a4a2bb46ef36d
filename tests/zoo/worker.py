"""Measure the types that the command line names; one line of JSON before and after each, on standard output."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import signal
import sys
import time

TIMEOUT = 60
"""Seconds of computing for one type; the signal ends the process, and the parent goes on with the next one."""

PATIENCE = 10 * TIMEOUT
"""Seconds on the clock, for a type that waits for something; a machine with other work is slow and no fault."""

MEMORY = 6 << 30
"""Bytes of data that the process may hold; an allocation past that fails."""


def main() -> None:
    """Measure and print, until done or killed."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    os.environ["HF_HUB_OFFLINE"] = "1"
    import torch

    from tests.zoo.measure import measure

    torch.set_num_threads(1)
    for model_type in sys.argv[1:]:
        _print({"start": model_type})
        signal.setitimer(signal.ITIMER_PROF, TIMEOUT)
        signal.alarm(PATIENCE)
        began = time.perf_counter()
        row = measure(model_type)
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.alarm(0)
        _print({"row": dataclasses.asdict(row), "seconds": round(time.perf_counter() - began, 2)})


def _print(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
