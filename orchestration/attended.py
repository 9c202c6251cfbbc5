"""A run that somebody watches: bars while it goes on, and a sentence when it is stopped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from stayhouse.orchestration import progress
from stayhouse.orchestration.interruption import interruptible
from stayhouse.orchestration.settings import Settings
from stayhouse.publishing.release import release_name


def bars(console: Console) -> Progress:
    """Bars of a task each, with what is being worked on."""
    return Progress(
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description:<14}"),
        BarColumn(bar_width=30),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeElapsedColumn(),
        TextColumn("[dim]{task.fields[item]}"),
        console=console,
        transient=False,
    )


@contextmanager
def attended(settings: Settings, console: Console) -> Iterator[None]:
    """Draws a bar per stage of the run inside. Ctrl-C and SIGTERM end the process with a sentence on the console."""
    drawn = bars(console)
    standing = release_name(settings.publish)

    def stopped(signal_name: str) -> None:
        drawn.stop()
        where = f" at the stage {progress.stage()}" if progress.stage() else ""
        left = _left_behind(standing, release_name(settings.publish))
        console.print(f"[bold red]stopped[/] by {signal_name}{where}; {escape(left)}", soft_wrap=True)

    with interruptible(stopped), drawn:
        tasks: dict[str, TaskID] = {}

        def show(stage: str, item: str, share: float) -> None:
            if stage not in tasks:
                tasks[stage] = drawn.add_task(stage, total=1.0, item="")
            drawn.update(tasks[stage], completed=share, item=item if share < 1.0 else "")

        progress.listen(show)
        try:
            yield
        finally:
            progress.listen(None)


def _left_behind(before: str | None, now: str | None) -> str:
    """What readers see after a run that did not end: the release that was current when it began, or its own."""
    if now != before:
        seen = f"it had published {now}"
    else:
        seen = f"readers still see {before}" if before else "nothing has been published yet"
    return f"{seen}. Run the same command again: it goes on from what is loaded"
