"""Tries emulators in a process of its own and prints what came of it, as JSON.

`python -m tests.support.trial_report PLATFORM…`
"""

import json
import os
import sys

from polyarch.host.emulation import read_machine
from polyarch.host.trial import try_platforms
from polyarch.oci.platform import Platform


def main() -> None:
    platforms = tuple(map(Platform.parse, sys.argv[1:]))
    environment = dict(os.environ)
    machine = read_machine(environment).with_versions(environment, platforms)
    trials = try_platforms(machine, platforms, environment)
    found = {
        str(trial.platform): {
            "outcome": trial.outcome,
            "problem": trial.problem,
            "title": trial.emulator.title if trial.emulator else "",
        }
        for trial in trials
    }
    json.dump({"binfmt": machine.binfmt, "trials": found}, sys.stdout)


if __name__ == "__main__":
    main()
