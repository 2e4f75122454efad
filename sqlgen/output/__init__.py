"""Answers as tables for people, and as JSON, JSON lines and CSV for programs (contract §2).

The parts that draw for people load rich; they are imported only when a table is asked for.
"""

from sqlgen.output.answer import Answer, AnswerLike, Column, ColumnLike
from sqlgen.output.writer import FORMATS, write

__all__ = ["FORMATS", "Answer", "AnswerLike", "Column", "ColumnLike", "write"]
