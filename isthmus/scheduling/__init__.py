"""Scheduled retraining: cron expressions, the scheduler, files for other schedulers."""

from isthmus.scheduling.cron import read_cron
from isthmus.scheduling.deployment import DeploymentPlan, render_deployment
from isthmus.scheduling.schedule import (
    RetryPolicy,
    retrain_command,
    run_on_schedule,
    run_with_retries,
)

__all__ = [
    "DeploymentPlan",
    "RetryPolicy",
    "read_cron",
    "render_deployment",
    "retrain_command",
    "run_on_schedule",
    "run_with_retries",
]
