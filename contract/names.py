"""Names of files that are made from identifiers of a source system."""

from __future__ import annotations

import hashlib
import re

LONGEST = 64
# Windows opens a device by these names, whatever the ending.
DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)")
HASHED = re.compile(r"-[0-9a-f]{16}$")


def file_name(text: str) -> str:
    """A name without ending that every file system takes; two texts never share one.

    Short names of lower-case letters, digits, hyphens and underscores stay as they are. Any other text keeps what is
    readable of it, followed by a hash: file systems that ignore case would take `C1` and `c1` for one file.
    """
    if re.fullmatch(rf"[a-z0-9_-]{{1,{LONGEST}}}", text) and not DEVICES.fullmatch(text) and not HASHED.search(text):
        return text
    readable = re.sub(r"[^a-z0-9_-]", "_", text.lower())[: LONGEST - 17]
    return f"{readable}-{hashlib.sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
