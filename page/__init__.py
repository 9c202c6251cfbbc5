"""The page: one self-contained HTML file that shows what a night published. It opens from disk and asks no network."""

from page.build import PAGE_NAME, build_page

__all__ = ["PAGE_NAME", "build_page"]
