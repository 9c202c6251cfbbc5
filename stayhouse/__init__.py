"""Stayhouse under its one name: the packages and the dbt project of the folders beside this one, as links.

An installed package contains the same tree as files.
"""
