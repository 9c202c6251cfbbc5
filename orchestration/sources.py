"""The sources of a company within a run: they bring its folders up to date before shapes and the loader read them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from stayhouse.orchestration import progress
from stayhouse.orchestration.preflight import check_pulled
from stayhouse.orchestration.settings import Settings, address_of, memory_limit

if TYPE_CHECKING:
    from stayhouse.sources.database import PulledTable
    from stayhouse.sources.mirror import Mirrored


@dataclass
class PulledSources:
    """What was brought."""

    tables: list[PulledTable] = field(default_factory=list)
    copies: list[Mirrored] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def pull_sources(settings: Settings, again: bool = False) -> PulledSources:
    """Brings what is new in databases and object stores; with `again` all rows of the databases.

    The caller holds the lock of the run. Raises SourceError or ConfigurationError.
    """
    done = PulledSources()
    if not settings.is_pulled:
        return done
    for store in settings.stores:
        from stayhouse.sources.mirror import mirror

        copied = mirror(store, lambda name, share: progress.report("load", name, 0.1 * share))
        done.copies.append(copied)
        if copied.removed:
            done.notices.append(
                f"{store.url}: {len(copied.removed)} objects are missing there, and their copies were removed "
                f"({', '.join(copied.removed[:3])}); rows that were loaded from them stay"
            )
    for source in settings.sources:
        from stayhouse.sources.database import Folders, pull_source

        assert settings.exports, "sources are stated by a company"
        assert settings.pulling, "sources are stated by a company"
        folders = Folders(settings.raw, settings.exports, settings.pulling)
        done.tables += pull_source(
            source,
            address_of(source),
            folders,
            memory_limit(),
            again,
            lambda table, share: progress.report("load", table, 0.1 * share),
        )
    check_pulled(settings)
    return done
