"""`isthmus schedule`: retraining at its times."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from isthmus.errors import InputError
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--cron", help='When: five fields of cron, as "0 3 * * *".')
@click.option("--once", is_flag=True, help="Run now, and end; for a scheduler of your own.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=360,
    show_default=True,
    help="Minutes after which a run is ended.",
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="How often a failed run is tried again, after 1, 2, 4 … minutes.",
)
@click.option(
    "--healthcheck",
    metavar="FILE-or-URL",
    help="Touched or requested after a good run.  [env: ISTHMUS_HEALTHCHECK]",
)
@click.option(
    "--print",
    "form",
    type=click.Choice(["systemd", "cron", "kubernetes"]),
    help="Write what this scheduler takes to standard output, and run nothing.",
)
@click.option("--image", help="The container's image, for --print kubernetes.")
@with_settings
def command(
    settings: Settings,
    cron: str | None,
    once: bool,
    time_limit: float,
    retries: int,
    healthcheck: str | None,
    form: str | None,
    image: str | None,
) -> Output:
    """Run `isthmus retrain` at its times, in the foreground, until SIGTERM.

    A run that hangs is ended, one that fails is tried again, one that meets another's lock waits;
    what comes due during a run is one run after it.

    \b
    Examples:
      isthmus schedule --cron "0 3 * * *" --healthcheck https://status.example/ping
      isthmus schedule --cron "0 3 * * *" --print systemd
      isthmus schedule --once --retries 0
    """
    from isthmus.scheduling import deployment, schedule
    from isthmus.scheduling.cron import read_cron

    if healthcheck is None and settings.healthcheck is not None:
        healthcheck = settings.healthcheck.get_secret_value()
    policy = schedule.Policy(time_limit * 60, retries, healthcheck)
    if once == (cron is not None):
        raise InputError("Give --cron or --once.", "See `isthmus schedule --help`.")
    if cron is None:
        done = schedule.once(schedule.retraining(settings), policy)
        return Output(asdict(done), f"Done in {done.seconds:.0f} s.")
    times = read_cron(cron)
    if form is not None:
        files = deployment.printed(form, deployment.Plan(times, policy, settings, image))
        return Output({"form": form, "files": files}, "\n".join(files.values()).rstrip("\n"))
    runs = schedule.keep(times, schedule.retraining(settings), policy)
    return Output(runs, f"{runs['runs']} runs, {runs['failed']} failed.")
