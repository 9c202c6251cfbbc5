"""The page: one self-contained HTML file that shows a publication. It opens from disk and sends no requests."""

from stayhouse.page.build import PAGE_NAME, build_page

__all__ = ["PAGE_NAME", "build_page"]
