"""Administration: backup, restore, loads that replace, health and data quality checks, reports."""

from isthmus.graph.operations.backup import create_backup
from isthmus.graph.operations.data_quality import check_data_quality
from isthmus.graph.operations.doctor import run_checks
from isthmus.graph.operations.removal import find_removal
from isthmus.graph.operations.replacement import replace_dataset
from isthmus.graph.operations.report import write_report
from isthmus.graph.operations.restore import restore_backup, verify_backup
from isthmus.graph.operations.schema import describe_schema

__all__ = [
    "check_data_quality",
    "create_backup",
    "describe_schema",
    "find_removal",
    "replace_dataset",
    "restore_backup",
    "run_checks",
    "verify_backup",
    "write_report",
]
