"""From a run's report to one page of HTML that needs nothing beside itself."""

from fer_bench.report.page.content import Content
from fer_bench.report.page.document import page

__all__ = ["Content", "page"]
