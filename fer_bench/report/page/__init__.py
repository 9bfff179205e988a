"""Report of a run as one self-contained HTML page."""

from fer_bench.report.page.document import page

__all__ = ["page"]
