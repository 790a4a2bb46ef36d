"""Parquet, as W&B exports histories: the columns of numbers, batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from archdiff.evidence.training_log.reading.extra import require
from archdiff.evidence.training_log.reading.numbers import number
from archdiff.evidence.training_log.record import Record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archdiff.evidence.training_log.reading.files import LogFile

__all__ = ["read"]

_ROWS = 4096
_MOST_COLUMNS = 10_000
_LARGEST = 2**28
"""Bytes that one column of one group of rows may claim to become."""


def read(file: LogFile) -> Iterator[Record]:
    """Every row as a record.

    Raises:
        UsageError: pyarrow is not installed.
        SourceError: damaged, or larger inside than a log is.
    """
    require("pyarrow", file.subject)
    import pyarrow
    from pyarrow import parquet

    try:
        opened = parquet.ParquetFile(file.path, pre_buffer=False, memory_map=False)
        names = _names(opened.schema_arrow, pyarrow.types)
        _check(file, opened.metadata, frozenset(names))
        for batch in opened.iter_batches(batch_size=_ROWS, columns=names, use_threads=False):
            columns = [batch.column(at).to_pylist() for at in range(batch.num_columns)]
            for row in zip(*columns, strict=True):
                found = ((name, number(value)) for name, value in zip(batch.schema.names, row, strict=True))
                yield Record({name: value for name, value in found if value is not None})
    except (pyarrow.ArrowException, OSError, MemoryError) as error:
        raise file.fault("is damaged, or no parquet that pyarrow can read") from error


def _names(schema: Any, types: Any) -> list[str]:
    """Columns of numbers, and of time."""
    kinds = (types.is_integer, types.is_floating, types.is_decimal)
    return [field.name for field in schema if any(is_kind(field.type) for is_kind in kinds)]


def _check(file: LogFile, metadata: Any, names: frozenset[str]) -> None:
    if metadata.num_columns > _MOST_COLUMNS:
        raise file.fault(f"has more than {_MOST_COLUMNS:,} columns")
    for group in range(metadata.num_row_groups):
        for at in range(metadata.num_columns):
            column = metadata.row_group(group).column(at)
            if column.path_in_schema in names and max(column.total_uncompressed_size, 0) > _LARGEST:
                raise file.fault(f"holds a column of more than {_LARGEST // 2**20} MiB in one group of rows")
