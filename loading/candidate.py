"""Files that are to be loaded, and how they form batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from stayhouse.loading.discovery import LandingFile
from stayhouse.loading.text import TextStructure

# A batch is held in memory while its keys are compared; these keep that under about one gigabyte.
MAX_BATCH_ROWS = 10_000_000
MAX_BATCH_TEXT_BYTES = 512 * 1024**2
MAX_BATCH_FILES = 2_000


@dataclass(frozen=True)
class Candidate:
    """A landing file that is to be loaded, with the identity that the ledger will give it."""

    file: LandingFile
    file_id: int
    content_hash: str
    columns: tuple[tuple[str, str], ...]
    """Name and type; empty for JSON Lines, whose columns are only known once it is read."""
    source_names: tuple[str, ...] = ()
    """The same columns as the file names them."""
    text: TextStructure | None = None
    """What a scan found of a text file."""
    rows: int = 0

    @property
    def shape(self) -> tuple[object, ...]:
        """What files of one batch have in common."""
        text = self.text or TextStructure()
        return self.file.format, self.columns, self.source_names, text.delimiter, text.compression, text.is_regular

    @property
    def text_bytes(self) -> int:
        return self.file.size if self.file.format != "parquet" else 0


Batch = Sequence[Candidate]


def batches(candidates: Iterable[Candidate]) -> Iterator[Batch]:
    """Batches of files with the same format and columns and consecutive identities, bounded in size."""
    for _, group in groupby(candidates, key=lambda candidate: candidate.shape):
        batch: list[Candidate] = []
        rows = size = 0
        for candidate in group:
            # The identity is read as file_index + the first identity, so identities in a batch follow one another.
            apart = batch and candidate.file_id != batch[-1].file_id + 1
            full = rows + candidate.rows > MAX_BATCH_ROWS or size + candidate.text_bytes > MAX_BATCH_TEXT_BYTES
            if batch and (apart or full or len(batch) >= MAX_BATCH_FILES):
                yield batch
                batch, rows, size = [], 0, 0
            batch.append(candidate)
            rows, size = rows + candidate.rows, size + candidate.text_bytes
        yield batch
