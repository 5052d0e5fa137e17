"""A run, or a folder of runs, as one HTML page that holds everything it shows and opens anywhere."""

from phasefield.report.page import ReportError, write_report

__all__ = ["ReportError", "write_report"]
