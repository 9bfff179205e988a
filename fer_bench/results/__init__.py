"""Serialisation of ``fer_bench.results.records`` to JSON and back.

``results.json`` is a pytest-benchmark file. ``run_record`` returns the record stored under ``KEY``
at its top level, ``measure_record`` that stored under the same key in the ``extra_info`` of a
benchmark. ``read_run`` reassembles them from a document, ``load_run`` from a
file. ``merge_documents`` merges several such files into one.
"""

from fer_bench.results.directory import ResultsDirectory, read_directory
from fer_bench.results.json_values import with_plain_values
from fer_bench.results.merge_files import Merged, merge_documents
from fer_bench.results.read import load_document, load_run, read_run, timers, written_at
from fer_bench.results.repeated_measurements import without_repeats
from fer_bench.results.schema import KEY
from fer_bench.results.write import (
    json_text,
    measure_record,
    run_record,
    write_json,
)

__all__ = [
    "KEY",
    "Merged",
    "ResultsDirectory",
    "json_text",
    "load_document",
    "load_run",
    "measure_record",
    "merge_documents",
    "read_directory",
    "read_run",
    "run_record",
    "timers",
    "with_plain_values",
    "without_repeats",
    "write_json",
    "written_at",
]
