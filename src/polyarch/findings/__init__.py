"""What checks found, as values, and the forms of it that other programs read.

Knows neither who finds nor who is told.
"""

from polyarch.findings.report import Finding, Report, Severity

__all__ = ["Finding", "Report", "Severity"]
