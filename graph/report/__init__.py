"""The report: the graph, its people, answers and generations on one HTML page."""

from isthmus.graph.report.page import write_page
from isthmus.graph.report.sections import collect_report, read_evaluations

__all__ = ["collect_report", "read_evaluations", "write_page"]
