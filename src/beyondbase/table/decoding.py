"""Files as people leave them: plain or gzipped, in UTF-8, UTF-16 or UTF-32, with a mark or without."""

import gzip
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.messages import quote

_GZIP = b"\x1f\x8b"
Stream = io.BufferedReader | gzip.GzipFile


def suffix_among(path: Path, known: Sequence[str]) -> str:
    """The suffix of a file, in small letters.

    Args:
        path: The file.
        known: The suffixes of files that can be read, at least two.

    Raises:
        InputError: It is none of them.
    """
    suffix = path.suffix.lower()
    if suffix not in known:
        last = f"a {known[-1]}" if len(known) == 2 else known[-1]
        use = f"give a {', '.join(known[:-1])} or {last} file"
        raise InputError(f"{path}: found the suffix {quote(path.suffix)}; {use}")
    return suffix


def file_bytes(path: Path) -> bytes:
    """Read a file as it is, which is to be no other form of itself: neither packed nor in another encoding.

    Raises:
        InputError: It cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); correct the path") from None


@contextmanager
def opened(path: Path) -> Iterator[Stream]:
    """Open a file, unpacked if it is gzipped, whatever its name.

    Raises:
        InputError: It is not there, is a folder, cannot be read, or its packing is damaged.
    """
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(_GZIP)) == _GZIP
            stream.seek(0)
            if not packed:
                yield stream
                return
            with gzip.open(stream) as unpacked:
                yield unpacked
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; correct the path") from None
    except IsADirectoryError:
        raise InputError(f"{path}: is a folder; give the files in it that hold the samples") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: cannot be unpacked ({error}); pack it again, or copy it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from None


def text_lines(path: Path) -> Iterator[tuple[int, str]]:
    """Read the lines of a file, each with its number from 1; only one is held at a time.

    Lines end at a line feed, alone or after a carriage return; other line ends of Unicode may stand in JSON.

    Raises:
        InputError: The file cannot be read, or is in no encoding of Unicode.
    """
    with opened(path) as stream:
        encoding = json.detect_encoding(stream.peek(4)[:4])
        if encoding.startswith("utf-8"):
            for number, line in enumerate(stream, 1):
                yield number, _decoded(f"{path}:{number}", line, "utf-8-sig")
            return
        wide = io.TextIOWrapper(stream, encoding, newline="\n")
        done = 0
        try:
            for text in wide:
                done += 1
                yield done, text
        except UnicodeError:
            found = f"found what is not {encoding.upper()} after this line"
            raise InputError(f"{path}:{done}: {found}; give the file as the tool wrote it") from None
        finally:
            wide.detach()


def numbered(text: str) -> Iterator[tuple[int, str]]:
    """Part a text into lines, each with its number from 1."""
    # Not splitlines: U+2028 and its like end a line for Python, but may stand inside a JSON string.
    return enumerate(text.split("\n"), 1)


def text_whole(path: Path) -> str:
    """Read a file as a whole.

    Raises:
        InputError: As `text_lines`.
    """
    with opened(path) as stream:
        data = stream.read()
    encoding = json.detect_encoding(data[:4])
    return _decoded(str(path), data, "utf-8-sig" if encoding == "utf-8" else encoding)


def _decoded(at: str, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        byte, wanted = error.object[error.start], encoding.removesuffix("-sig").upper()
        found = f"the byte 0x{byte:02x}, which is not {wanted}"
        raise InputError(f"{at}: found {found}; give the file as the tool wrote it") from None
