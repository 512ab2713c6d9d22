"""What the direct engine asks of files before it lays them: are they programs, and for what."""

from pathlib import Path, PurePosixPath

from polyarch.checks.allow import Allowances
from polyarch.checks.binary import Kind
from polyarch.checks.program import program_in
from polyarch.engines.laid import LaidProgram, LookAt
from polyarch.oci.platform import Platform


def looking_for(platform: Platform, allow: Allowances) -> LookAt:
    """A look into programs for one platform; `allow` are the paths that may be for others."""

    def look_at(file: Path, target: PurePosixPath) -> LaidProgram | None:
        program = program_in(file)
        if program is None or program.kind not in {Kind.PROGRAM, Kind.LIBRARY}:
            return None
        why = "damaged" if program.damage else program.misfit(platform)
        misfit = "" if why is None or allow.covers(str(target), platform) else str(why)
        runs = program.kind is Kind.PROGRAM and not program.device
        return LaidProgram(what=program.what, misfit=misfit, runs=runs)

    return look_at
