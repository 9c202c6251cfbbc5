"""A benchmark replaces its own section of the results and leaves the others."""

from __future__ import annotations

from stayhouse.benchmarks.results import KINDS, markdown, read, record

HEADER = ("work", "CPU s")


def test_a_section_is_replaced_and_the_order_is_by_benchmark_and_size(tmp_path):
    file = tmp_path / "results.md"
    file.write_text("# Benchmarks\n\nOld words.\n\n## Earlier measurements\n\nKept.\n")
    record(f"{KINDS[0]}, 10 million events", "make bench EVENTS=10", HEADER, [["full build", "200"]], file)
    record(f"{KINDS[2]}, 1 million events", "make bench-usage EVENTS=1", HEADER, [["facts", "7"]], file)
    record(f"{KINDS[0]}, 1 million events", "make bench EVENTS=1", HEADER, [["full build", "99"]], file)
    record(f"{KINDS[0]}, 10 million events", "make bench EVENTS=10", HEADER, [["full build", "150"]], file)
    sections = read(file)
    assert list(sections) == [
        "Whole warehouse, 1 million events",
        "Whole warehouse, 10 million events",
        "Usage health, 1 million events",
        "Earlier measurements",
    ]
    assert "| full build | 150 |" in sections["Whole warehouse, 10 million events"]
    assert "200" not in sections["Whole warehouse, 10 million events"].splitlines()[-1]
    assert sections["Earlier measurements"] == "Kept."
    assert "Old words" not in file.read_text()


def test_a_section_says_how_it_was_measured(tmp_path):
    file = tmp_path / "results.md"
    record(f"{KINDS[0]}, 1 million events", "make bench EVENTS=1", HEADER, [["full build", "99"]], file)
    (section,) = read(file).values()
    for part in ("`make bench EVENTS=1`", "commit ", "stayhouse ", "duckdb ", "dbt-core ", "Python ", "cores"):
        assert part in section


def test_parts_of_a_row_are_marked():
    assert markdown(HEADER, [["full build", "9"], ["  load", "4"], ["    core", "3"]])[2:] == [
        "| full build | 9 |",
        "| – load | 4 |",
        "| – core | 3 |",
    ]
