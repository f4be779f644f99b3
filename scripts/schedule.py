"""`isthmus schedule`: retraining on a schedule."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from isthmus.errors import InputError
from isthmus.scripts.command import Output, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--cron", help='Cron expression of five fields, e.g. "0 3 * * *".')
@click.option("--once", is_flag=True, help="Run once now and exit; for an external scheduler.")
@click.option(
    "--time-limit",
    type=click.FloatRange(0, min_open=True),
    default=360,
    show_default=True,
    help="Maximum time of a run in minutes.",
)
@click.option(
    "--retries",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Number of retries of a failed run, after 1, 2, 4 … minutes.",
)
@click.option(
    "--healthcheck",
    metavar="FILE-or-URL",
    help="File to touch or URL to request after a successful run.  [env: ISTHMUS_HEALTHCHECK]",
)
@click.option(
    "--print",
    "form",
    type=click.Choice(["systemd", "cron", "kubernetes"]),
    help="Print the configuration for this scheduler instead of running.",
)
@click.option("--image", help="Container image, for --print kubernetes.")
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
    """Run `isthmus retrain` on a schedule, in the foreground, until SIGTERM.

    A run that exceeds the time limit is ended, a failed run is retried, and a run that finds the
    lock held by another retraining waits. Runs that fall due during a run are merged into one.
    A generation that the promotion gate refuses is not trained again; --once then ends with 4. The
    healthcheck is signalled until as many are refused in a row as the setting max_refusals says.
    The logs of the runs are kept in the folder logs of the home; see `isthmus retrain --help`.

    \b
    Examples:
      isthmus schedule --cron "0 3 * * *" --healthcheck https://status.example/ping
      isthmus schedule --cron "0 3 * * *" --print systemd
      isthmus schedule --once --retries 0
    """
    from isthmus.scheduling import (
        DeploymentPlan,
        RetryPolicy,
        read_cron,
        render_deployment,
        retrain_command,
        run_on_schedule,
        run_with_retries,
    )

    if healthcheck is None and settings.healthcheck is not None:
        healthcheck = settings.healthcheck.get_secret_value()
    policy = RetryPolicy(
        time_limit * 60,
        retries,
        healthcheck,
        settings.max_refusals,
        settings.max_generation_days,
        settings.home / "logs",
    )
    if once == (cron is not None):
        raise InputError("Give --cron or --once.", "See `isthmus schedule --help`.")
    if cron is None:
        done = run_with_retries(retrain_command(settings), policy)
        return Output(asdict(done), f"Done in {done.seconds:.0f} s.")
    times = read_cron(cron)
    if form is not None:
        files = render_deployment(form, DeploymentPlan(times, policy, settings, image))
        return Output({"form": form, "files": files}, "\n".join(files.values()).rstrip("\n"))
    runs = run_on_schedule(times, retrain_command(settings), policy)
    return Output(runs, f"{runs['runs']} runs, {runs['refused']} refused, {runs['failed']} failed.")
