"""A job of Dagster: every night tables into the graph, embeddings, a retraining, the report.

    pip install dagster dagster-webserver
    dagster dev -f examples/pipelines/dagster_job.py

isthmus has an environment of its own, as its packages are not those of Dagster. `NEO4J_URI`,
`NEO4J_PASSWORD` and other settings are read from the environment of Dagster.

A night on which nothing changed (exit code 3) goes on with the report. A command that meets another
one's lock (75) is tried again for an hour. Anything else fails at once, also a generation that the
promotion gate refused (4): the one before goes on answering.
"""

import subprocess

import dagster as dg

ISTHMUS = "isthmus"
"""The command; usually a path, such as `/srv/isthmus/.venv/bin/isthmus`."""
TABLES, REPORT = "/srv/isthmus/tables", "/srv/isthmus/report.html"
NOTHING_TO_DO, LOCKED = 3, 75
RETRIES, WAIT_SECONDS = 12, 300
AFTER = {"before": dg.In(dg.Nothing)}


def run(context: dg.OpExecutionContext, *arguments: str) -> None:
    """Runs a command of isthmus, with its output in the log of the run."""
    command = [ISTHMUS, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            context.log.info(line.rstrip())
    code = process.returncode
    if code == NOTHING_TO_DO:
        context.log.info("Skipped: there was nothing to do.")
    elif code == LOCKED:
        raise dg.RetryRequested(max_retries=RETRIES, seconds_to_wait=WAIT_SECONDS)
    elif code:
        raise dg.Failure(f"{' '.join(command)} ended with {code}.", allow_retries=False)


@dg.op
def ingest(context: dg.OpExecutionContext) -> None:
    """Loads the tables."""
    run(context, "ingest", TABLES)


@dg.op(ins=AFTER)
def encode(context: dg.OpExecutionContext) -> None:
    """Embeds what has no embedding."""
    run(context, "encode")


@dg.op(ins=AFTER)
def retrain(context: dg.OpExecutionContext) -> None:
    """Learns the edges and publishes them as a generation."""
    run(context, "retrain")


@dg.op(ins=AFTER)
def report(context: dg.OpExecutionContext) -> None:
    """Writes the page on the graph."""
    run(context, "report", "-o", REPORT)


@dg.job
def isthmus_nightly() -> None:
    """Ingests, encodes, retrains and reports."""
    report(retrain(encode(ingest())))


definitions = dg.Definitions(
    schedules=[dg.ScheduleDefinition(job=isthmus_nightly, cron_schedule="0 3 * * *")]
)
