"""Wiring of the warehouse: the raw contract, loading, the dbt session, the Dagster assets and the command line."""
