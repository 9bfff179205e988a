"""Export of a trained cell as one file for other programs, with its model card."""

from fer_bench.export.export import Exported, ExportRequest, export_cell

__all__ = ["ExportRequest", "Exported", "export_cell"]
