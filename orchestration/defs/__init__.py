"""The Dagster assets, one module per stage of a run."""
