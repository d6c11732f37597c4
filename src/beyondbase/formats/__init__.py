"""Files of other tools: samples that they drew come in, pass@k goes out.

imported = read_samples("lm-eval", [Path("samples_math_2026-11-23T06-16-17.jsonl")], pick="strict")
store_import(imported, samples, "MATH500", "base", grader=MathGrader())
export("passk-inference", Path("reports/results.json"), Path("counts"))
"""

from beyondbase.formats.exporting import KINDS, export
from beyondbase.formats.readers.imported import Imported, Row
from beyondbase.formats.reading import TOOLS, read_samples
from beyondbase.formats.storing import ImportedCounts, store_import

__all__ = [
    "KINDS",
    "TOOLS",
    "Imported",
    "ImportedCounts",
    "Row",
    "export",
    "read_samples",
    "store_import",
]
