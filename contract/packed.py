"""Texts packed inside a page: a page of a large company has a sixth of its size, and is still one file."""

from __future__ import annotations

import re
import zlib
from base64 import b64decode, b64encode
from collections.abc import Iterator

BLOCK = re.compile(rb'<script type="text/plain" data-packed id="[\w-]+">([A-Za-z0-9+/=]*)</script>')


def packed_block(key: str, text: str) -> str:
    """A script element that holds a text, which the browser unpacks when it needs it."""
    content = b64encode(zlib.compress(text.encode("utf-8"))).decode("ascii")
    return f'<script type="text/plain" data-packed id="{key}">{content}</script>'


def unpacked(html: str, key: str) -> str:
    """The text of one element."""
    content = html.split(f'<script type="text/plain" data-packed id="{key}">', 1)[1].split("</script>", 1)[0]
    return zlib.decompress(b64decode(content)).decode("utf-8")


def unpacked_blocks(html: bytes) -> Iterator[bytes]:
    """What each element of a page says, for a search that must not miss it."""
    for found in BLOCK.finditer(html):
        yield zlib.decompress(b64decode(found[1]))
