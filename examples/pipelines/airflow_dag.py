"""A DAG of Airflow 3: every night tables into the graph, embeddings, a retraining, the report.

    cp examples/pipelines/airflow_dag.py "$AIRFLOW_HOME/dags/isthmus_nightly.py"
    airflow dags test isthmus_nightly

isthmus has an environment of its own, as its packages are not those of Airflow. `NEO4J_URI`,
`NEO4J_PASSWORD` and other settings are read from the environment of the workers.

A night on which nothing changed (exit code 3) skips the retraining and still writes the report. A
command that meets another one's lock (75) is tried again for an hour. Anything else fails at once,
also a generation that the promotion gate refused (4): the one before goes on answering.
"""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta

from airflow.sdk import TriggerRule, dag, task
from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException

ISTHMUS = "isthmus"
"""The command; usually a path, such as `/srv/isthmus/.venv/bin/isthmus`."""
TABLES, REPORT = "/srv/isthmus/tables", "/srv/isthmus/report.html"
NOTHING_TO_DO, LOCKED = 3, 75


@task(retries=12, retry_delay=timedelta(minutes=5), trigger_rule=TriggerRule.NONE_FAILED)
def isthmus(*arguments: str) -> None:
    """Runs a command of isthmus, with its output in the log of the task."""
    command = [ISTHMUS, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            print(line, end="")
    code = process.returncode
    if code == NOTHING_TO_DO:
        raise AirflowSkipException("There was nothing to do.")
    if code == LOCKED:
        raise AirflowException("Another run holds the lock; it is tried again.")
    if code:
        raise AirflowFailException(f"{' '.join(command)} ended with {code}.")


@dag(schedule="0 3 * * *", start_date=datetime(2026, 1, 1), catchup=False, max_active_runs=1)
def isthmus_nightly() -> None:
    """Ingests, encodes, retrains and reports."""
    ingest = isthmus.override(task_id="ingest")("ingest", TABLES)
    encode = isthmus.override(task_id="encode")("encode")
    retrain = isthmus.override(task_id="retrain")("retrain")
    report = isthmus.override(task_id="report")("report", "-o", REPORT)
    ingest >> encode >> retrain >> report


nightly = isthmus_nightly()
