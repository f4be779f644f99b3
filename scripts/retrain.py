"""`isthmus retrain`: train the edges and publish them as a generation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from isthmus.errors import Refused
from isthmus.scripts.command import Output, logger, with_settings

if TYPE_CHECKING:
    from isthmus.settings import Settings


@click.command()
@click.option("--force", is_flag=True, help="Train and tune even if nothing changed.")
@with_settings
def command(settings: Settings, force: bool) -> Output:
    """Learn the edges between domains from the graph and publish them as a new generation.

    Queries use the active generation until the new one is complete and has passed the promotion
    gate. It is refused if its NDCG@10 on held-out users, or on those of one domain or language, new
    ones or those with a long history, is significantly lower than that of the active one (of
    content and popularity, before the first), if it lists less than half as many items, or if it is
    three times as slow. The exit code is 4 then, and `isthmus generations list --all` shows
    it. Notes say what the data lacks and which accounts are too heavy to teach in full.

    If the setting `encoder` names another model, everything is encoded with it first, as a new
    encoder version. If the graph grew by less than the setting `choose_again` (10 %), the tuned
    parameters of the active generation are reused, which halves the time. Only one retraining of a
    graph runs at a time, across machines.

    The log of each run that trains is kept as logs/retrain-TIME-PID.log in the home, also with
    --quiet; the setting `retrain_logs` (20) says how many.

    \b
    Examples:
      isthmus retrain
      ISTHMUS_LOG_FORMAT=json isthmus retrain --force --json 2>retrain.log
      ISTHMUS_ENCODER=ours isthmus retrain
    """
    from isthmus.graph.database import connect
    from isthmus.logs import WITH_TIME, JsonFormatter, TextFormatter, keep_log
    from isthmus.workflows.retrain import retrain

    secrets, as_lines = settings.secrets(), settings.log_format == "json"
    formatter = JsonFormatter(secrets, "retrain") if as_lines else TextFormatter(secrets, WITH_TIME)
    with keep_log(settings.home / "logs", "retrain", formatter, settings.retrain_logs) as log:
        with connect(settings) as graph:
            result = retrain(graph, settings, force) | {"log": log}
        decision = "promoted" if result["promoted"] else "refused"
        logger.info("retrain: the new generation is %s: %s", decision, result["reason"])
    active = "No generation is active"
    if result["generation"] is not None:
        active = f"Generation {result['generation']} is active with {result['edges']:,} edges"
    text = f"{active}, after {result['seconds']:.0f} s."
    failure = None
    if not result["promoted"]:
        failure = Refused(
            f"The promotion gate refused the new generation: {result['reason']}",
            "Check what was loaded since the active generation; the next retraining tries again. "
            f"Log: {log}",
        )
    else:
        text = f"{text} {result['reason']}"
    return Output(result, "\n".join([text, *result["notes"]]), failure)
