"""Files by their first bytes, whatever their name: how they are compressed, and what they hold without it."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow

CHUNK_BYTES = 1024**2
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
FOREIGN_MAGIC = {
    b"PK\x03\x04": "is a zip archive or an Excel workbook; export its rows as CSV",
    b"\xd0\xcf\x11\xe0": "is an Excel workbook; export its rows as CSV",
    b"PAR1": "is a Parquet file; let its name end in .parquet",
    b"BZh": "is compressed with bzip2; compress it with gzip or Zstandard, or not at all",
    b"\xfd7zXZ": "is compressed with xz; compress it with gzip or Zstandard, or not at all",
    b"SQLite format 3": "is a database file; export its rows as CSV",
}


class BrokenFile(Exception):
    """Nothing of the file can be loaded. The message says why, in which line, and the way out."""


class CutOffFile(BrokenFile):
    """The file ends in the middle: it is still being written, or it is truncated."""


def compression_of(path: Path) -> str:
    """none, gzip or zstd. Raises BrokenFile for the bytes of another format."""
    with path.open("rb") as stream:
        head = stream.read(16)
    for mark, problem in FOREIGN_MAGIC.items():
        if head.startswith(mark):
            raise BrokenFile(problem)
    return next((name for mark, name in MAGIC.items() if head.startswith(mark)), "none")


@contextmanager
def opened(path: Path, compression: str) -> Iterator[io.BufferedReader]:
    """The bytes of a file without its compression. Raises CutOffFile where they end early, BrokenFile when damaged."""
    try:
        if compression == "gzip":
            with gzip.open(path) as stream:
                yield stream  # type: ignore[misc]
        elif compression == "zstd":
            with pyarrow.input_stream(str(path), compression="zstd", buffer_size=CHUNK_BYTES) as stream:
                yield io.BufferedReader(stream)
        else:
            with path.open("rb") as stream:
                yield stream
    except EOFError as error:
        raise CutOffFile("ends in the middle of its compressed bytes") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise BrokenFile(f"is damaged ({error}); write it again") from error
    except OSError as error:
        if compression != "zstd" or error.errno is not None:
            raise
        if "Truncated" in str(error):
            raise CutOffFile("ends in the middle of its compressed bytes") from error
        raise BrokenFile(f"is damaged ({error}); write it again") from error
