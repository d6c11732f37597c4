"""Large reports: what is folded away travels compressed, and is unpacked when a reader opens it."""

import base64
import json
import zlib

from markupsafe import Markup


class Packer:
    """Keeps the folded parts of a page in place, or, if there are many, packed at its end.

    A browser takes half a minute to build a page of 500 pairs as elements, and a second if the
    folded parts are a compressed text.
    """

    def __init__(self, *, on: bool) -> None:
        self.on = on
        self._parts: dict[str, str] = {}

    def pack(self, anchor: str, part: Markup) -> Markup:
        """Return a part as it is, or nothing and keep it for the end of the page."""
        if not self.on:
            return part
        self._parts[anchor] = str(part)
        return Markup()

    def packed(self) -> str:
        """Return all kept parts: gzipped JSON by anchor, as base64; empty if parts stay in place."""
        if not self.on:
            return ""
        text = json.dumps(self._parts, ensure_ascii=False, separators=(",", ":"))
        return base64.b64encode(_gzipped(text.encode("utf-8", "replace"))).decode()


def _gzipped(content: bytes) -> bytes:
    """Compress as gzip does, but without what differs between Pythons: a time stamp, the mark of a system."""
    squeeze = zlib.compressobj(level=9, wbits=16 + zlib.MAX_WBITS)
    return squeeze.compress(content) + squeeze.flush()
