"""Suites of the raw tables: one module per source, one function per table.

A function returns the contract's expectations and what this table has beyond them. A table without a function has
the expectations of its contract alone.
"""
