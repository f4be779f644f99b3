"""What is struck at random times, and the rows of the page about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

JOBS = ("ingest", "follow", "feedback", "encode", "retrain")
VICTIMS = (*JOBS, "publish", "server")
"""Each is killed equally often; publish stands for the last steps of a retraining."""
FAULTS = ("frozen server", "no memory", "clock")
FULL_DISK = "full disk"
RESTS_KB = (0, 400, 4_000, 20_000, 45_000, 70_000)
"""What a filling leaves of the disk, at random."""


@dataclass(frozen=True)
class Kill:
    """One kill or other fault.

    Attributes:
        victim: The killed command, `server`, or the fault.
        job: The command that was running.
        phase: Progress of the command.
        seconds: From the start of the command to the end of the one that completed its work.
    """

    victim: str
    job: str
    phase: str
    seconds: float

    def __str__(self) -> str:
        struck = self.victim if self.victim in (*FAULTS, FULL_DISK) else f"{self.victim} killed"
        return f"{struck}, {self.job} {self.phase}: ok after {self.seconds:.1f} s"


def page_rows(kills: list[Kill]) -> list[dict[str, object]]:
    """Returns the rows of the page, one per victim."""
    rows = []
    for victim in (*VICTIMS, *FAULTS, FULL_DISK):
        of_victim = [kill for kill in kills if kill.victim == victim]
        if of_victim:
            phases = Counter(f"{kill.job} {kill.phase}" for kill in of_victim)
            seconds = sum(kill.seconds for kill in of_victim) / len(of_victim)
            rows.append(
                {
                    "victim": victim,
                    "times": len(of_victim),
                    "when": ", ".join(f"{phase}: {n}" for phase, n in sorted(phases.items())),
                    "seconds until whole again": round(seconds, 1),
                }
            )
    return rows
