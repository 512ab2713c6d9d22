"""Mends emulators in a process of its own and prints what came of it, as JSON.

`python -m tests.support.mending_report PLATFORM…`
"""

import json
import os
import sys

from polyarch.host.mending import mend
from polyarch.oci.platform import Platform


def main() -> None:
    told: list[str] = []
    mended = mend(tuple(map(Platform.parse, sys.argv[1:])), dict(os.environ), told.append)
    found = {
        "told": told,
        "problems": [attempt.problem for attempt in mended.attempts],
        "trials": {
            str(trial.platform): [trial.outcome, trial.problem, trial.in_containers]
            for trial in mended.trials
        },
        "rest": mended.rest,
    }
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
