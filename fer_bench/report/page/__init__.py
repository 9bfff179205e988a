"""Report of a run as one self-contained HTML page."""

from fer_bench.report.page.document import page
from fer_bench.report.page.masthead import page_name
from fer_bench.report.page.page_input import Content

__all__ = ["Content", "page", "page_name"]
