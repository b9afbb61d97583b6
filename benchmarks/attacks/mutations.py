"""Bytes and texts that somebody changed on purpose, from ones that are right; everything from one ``random.Random``."""

from __future__ import annotations

import gzip
import io
import json
import re
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

# Numbers at which readers stumble: 0, signs, and the ends of every width; 2**60 is more than any machine has.
NUMBERS = (
    0,
    1,
    -1,
    127,
    128,
    255,
    256,
    65535,
    65536,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**32,
    2**60,
    2**63 - 1,
    2**63,
    2**64 - 1,
)
TEXTS = (
    b"0", b"-1", b"1152921504606846976", b"-9223372036854775808", b"18446744073709551616", b"9" * 400, b"9" * 5000,
    b"1e308", b"1e999", b"-1e999", b"NaN", b"Infinity", b"nan", b"inf", b"0x10", b"1_000", b"1L", b"true", b"null",
    b'""', b"[]", b"{}", b"-", b".", b"1.", b"\xd9\xa1", b"\\", b"\\d", b"'", b'"', b"#", b"\n", b"\r", b"\x00", b",",
    b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"[" * 300, b"{" * 300, b"(" * 300, b"-" * 3000, b"[" * 100_000,
    b'{"a":' * 20_000, b"__import__('os')", b"1if 1else 1", b"\xe2\x80\xae",
)  # fmt: skip


def number(rng: Random) -> int:
    """One of the numbers, or one beside it."""
    return rng.choice(NUMBERS) + rng.choice((0, 0, 0, 1, -1))


def binary(rng: Random) -> bytes:
    """A number in some width and order."""
    width = rng.choice((1, 2, 4, 8))
    return (number(rng) % (1 << 8 * width)).to_bytes(width, rng.choice(("little", "big")))


def place(rng: Random, size: int) -> int:
    """A place in so many bytes; headers lie at both ends, and get half of the attention."""
    if rng.random() < 0.5 and size > 64:
        return rng.choice((rng.randrange(64), size - 1 - rng.randrange(64)))
    return rng.randrange(size + 1)


def changed(rng: Random, data: bytes, others: Sequence[bytes] = ()) -> bytes:
    """The bytes with one change, of some kind."""
    at = place(rng, len(data))
    kind = rng.randrange(11)
    if kind == 0:  # a bit
        return data[:at] + bytes(b ^ (1 << rng.randrange(8)) for b in data[at : at + 1]) + data[at + 1 :]
    if kind == 1:  # a byte
        return data[:at] + bytes([rng.randrange(256)]) + data[at + 1 :]
    if kind == 2:  # the end is missing
        return data[:at]
    if kind == 3:  # the beginning is missing
        return data[at:]
    if kind == 4:  # a piece is missing
        return data[:at] + data[at + rng.choice((1, 2, 4, 8, rng.randrange(200))) :]
    if kind == 5:  # a piece comes twice
        end = at + rng.choice((1, 2, 4, 8, rng.randrange(200)))
        return data[:end] + data[at:]
    if kind == 6:  # something stands between
        return data[:at] + bytes(rng.randrange(256) for _ in range(rng.randrange(1, 9))) + data[at:]
    if kind in (7, 8):  # a number stands in the place of another
        new = binary(rng)
        return data[:at] + new + data[at + len(new) :]
    if kind == 9:  # a piece of another file
        other = rng.choice(others) if others else data
        cut = place(rng, len(other))
        return data[:at] + other[cut : cut + rng.choice((8, 64, len(other)))] + data[at + rng.randrange(65) :]
    return worded(rng, data)


def worded(rng: Random, data: bytes) -> bytes:
    """Text with a number, a word or a sign that means something else."""
    found = [m.span() for m in re.finditer(rb"[-\d.]+|[\w'\"|<>]+|[\[\]{}(),:]", data[:4000])]
    if not found:
        return data + rng.choice(TEXTS)
    start, end = rng.choice(found)
    what = rng.randrange(5)
    if what == 0:  # a pair again, which a reader of JSON or Python meets twice
        begin, stop = rng.choice(found)
        return data[:start] + data[min(start, begin) : max(end, stop)] + data[start:]
    if what == 1:
        begin, stop = rng.choice(found)
        return data[:start] + data[begin:stop] + data[end:]
    new = rng.choice(TEXTS) if what < 4 else str(number(rng)).encode()
    return data[:start] + new + data[end:]


def several(rng: Random, data: bytes, others: Sequence[bytes] = (), one: Callable[..., bytes] = changed) -> bytes:
    """One change mostly, sometimes more; rarely none."""
    for _ in range(rng.choice((0, 1, 1, 1, 1, 2, 3, 6)) if rng.random() > 0.02 else 0):
        data = one(rng, data, others) if one is changed else one(rng, data)
    return data


# ---------------------------------------------------------------------- inside containers, whose checksums are right


def zipped(rng: Random, data: bytes) -> bytes:
    """A zip with its members changed, renamed, doubled, dropped or claimed to be larger than they are."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(entry.filename, archive.read(entry)) for entry in archive.infolist()]
    kind = rng.randrange(10)
    at = rng.randrange(len(members))
    name, content = members[at]
    if kind < 5:
        head = 10 + int.from_bytes(content[8:10], "little") if content[:1] == b"\x93" else len(content)
        if rng.random() < 0.7:  # the header of a .npy file, or the text: its length is right again
            text = several(rng, content[10:head] if content[:1] == b"\x93" else content[:head], one=worded)
            if content[:1] == b"\x93":
                version = rng.choice((1, 1, 1, 2, 3))
                size = struct.pack("<H" if version == 1 else "<I", len(text) % (65536 if version == 1 else 2**32))
                content = b"\x93NUMPY" + bytes([version, 0]) + size + text + content[head:]
            else:
                content = text
        else:
            content = several(rng, content)
        members[at] = name, content
    elif kind == 5:
        members.append((name, several(rng, content)))
    elif kind == 6:
        del members[at]
    elif kind == 7:
        new = rng.choice(
            (
                " ",
                "/",
                "../x.npy",
                "a/b.npy",
                "x",
                "__class__.npy",
                "\ud800.npy",
                "x" * 65535,
                "\n.npy",
                "data.pkl",
                name.upper(),
            )
        )
        members[at] = new.encode("utf-8", "replace").decode(), content
    elif kind == 8:  # very well packed: zeros
        members[at] = name, content + bytes(rng.choice((1000, 100_000, 3_000_000)))
    else:
        rng.shuffle(members)
    whole = io.BytesIO()
    how = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_DEFLATED))
    if rng.random() < 0.02:
        how = rng.choice((zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name twice, on purpose
        with zipfile.ZipFile(whole, "w", how) as archive:
            for name, content in members:
                archive.writestr(name, content)
    packed = whole.getvalue()
    if rng.random() < 0.3:  # one field of the directory lies
        found = [m.start() for m in re.finditer(rb"PK\x01\x02", packed)] + [packed.rfind(b"PK\x05\x06")]
        start = rng.choice(found)
        field = start + rng.choice((4, 6, 8, 10, 12, 16, 20, 24, 28, 30, 32, 34, 36, 38, 42))
        new = (number(rng) % 2**32).to_bytes(4, "little")[: rng.choice((2, 4))]
        packed = packed[:field] + new + packed[field + len(new) :]
    return packed


def with_another_text(rng: Random, data: bytes) -> bytes:
    """One of the package's own zips, whose text says another value; the arrays are right."""
    whole = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(whole, "w") as new:
        for entry in old.infolist():
            content = old.read(entry)
            if entry.filename.endswith(".json"):
                said = json.loads(content)
                for _ in range(rng.choice((1, 1, 2, 3))):
                    said = altered(rng, said)
                content = json.dumps(said).encode()
            new.writestr(entry, content)
    return whole.getvalue()


def overlapping(rng: Random, data: bytes, times: int = 0) -> bytes:
    """A zip whose directory lists one member very often: each time it is unpacked anew."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        start = archive.start_dir
    end = data.rfind(b"PK\x05\x06")
    entries, times = data[start:end], times or rng.choice((2, 2, 2, 50, 500))
    count = entries.count(b"PK\x01\x02") * times % 65536
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, count, count, len(entries) * times, start, 0)
    return data[:start] + entries * times + tail


def gzipped(rng: Random, data: bytes, one: Callable[..., bytes] = changed) -> bytes:
    """A gzip stream of changed content; sometimes two streams, and sometimes a bomb."""
    content = several(rng, gzip.decompress(data), one=one)
    if rng.random() < 0.05:
        content += bytes(rng.choice((100_000, 2_000_000)))
    packed = gzip.compress(content, 6, mtime=0)
    return packed + data if rng.random() < 0.05 else packed


def safetensored(rng: Random, data: bytes) -> bytes:
    """A safetensors file whose header was changed, and has its right length again."""
    size = int.from_bytes(data[:8], "little")
    header, rest = data[8 : 8 + size], data[8 + size :]
    kind = rng.randrange(6)
    if kind < 3:
        header = several(rng, header, one=worded)
    elif kind == 3:
        header = several(rng, header)
    else:
        try:
            header = json.dumps(altered(rng, json.loads(header))).encode()
        except (ValueError, RecursionError):
            header = several(rng, header)
    stated = len(header) if rng.random() < 0.9 else number(rng) % 2**64
    return stated.to_bytes(8, "little") + header + (rest if rng.random() < 0.9 else changed(rng, rest))


def altered(rng: Random, value: Any) -> Any:
    """A value of JSON with one value in it changed, for one of another kind too."""
    if isinstance(value, dict) and value and rng.random() < 0.96:
        key = rng.choice(list(value))
        what = rng.random()
        if what < 0.1:
            return {k: v for k, v in value.items() if k != key}
        if what < 0.2:
            return {**value, rng.choice(("", "\ud800", "tuple", "tensor", "device", "x" * 1000, key + "'")): value[key]}
        if what < 0.25:
            return {rng.choice(("set", "frozenset", "Size", "dict", "bytes", "complex", "dtype", key)): value[key]}
        return {**value, key: altered(rng, value[key])}
    if isinstance(value, list) and value and rng.random() < 0.96:
        at = rng.randrange(len(value))
        if rng.random() < 0.2:
            return value[:at] + value[at + 1 :]
        if rng.random() < 0.1:
            return value + value[at:]
        return [*value[:at], altered(rng, value[at]), *value[at + 1 :]]
    if isinstance(value, str) and value[:1] in "[{" and value and rng.random() < 0.9:  # JSON inside JSON
        try:
            return json.dumps(altered(rng, json.loads(value)))
        except (ValueError, RecursionError):
            return value + "}"
    return rng.choice((
        None, True, False, 0, -1, 1.5, float("nan"), float("inf"), 2**60, 2**63, 2**70, 10**400, "", "\ud800",
        "x" * 3000, "\x00", [], {}, [[]], {"set": [[1]]}, {"dict": [[{"dict": []}, 1]]}, {"device": "cuda"},
        {"dtype": "object"}, {"tensor": ["weight", 3]}, {"complex": ["a", 1]}, {"complex": [1, 2, 3]}, {"bytes": "é"},
        {"bytes": 3}, {"Size": ["a"]}, {"Size": [-1, 2**70]}, {"scalar": "epoch"}, {"array": []},
        {"parameter": ["weight", True]},
        {"tuple": {"tuple": [1]}}, {"tuple": "abc"}, {"set": 3}, {"nothing": 1}, {"a": 1, "b": 2}, {"dict": [[1]]},
        {"OrderedDict": [["a", 1], ["a", 2]]}, {"dtype": ["float32"]}, {"device": 3}, "weight", "F64",
        [2**60], [0, 2**63], nested(rng),
    ))  # fmt: skip


def nested(rng: Random) -> Any:
    """Lists in lists, or sets in sets, many deep."""
    value: Any = 1
    for _ in range(rng.choice((3, 30, 300))):
        value = [value] if rng.random() < 0.5 else {"tuple": [value]}
    return value


def worded_json(rng: Random, data: bytes) -> bytes:
    """JSON that was changed as text, or as a value."""
    if rng.random() < 0.5:
        try:
            return json.dumps(altered(rng, json.loads(data))).encode()
        except (ValueError, RecursionError):
            pass
    return several(rng, data, one=worded)


def tarred(rng: Random, data: bytes) -> bytes:
    """A tar archive whose members are renamed, resized, of other kinds, or cut."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as old, tarfile.open(fileobj=out, mode="w") as new:
        for member in old:
            content = old.extractfile(member).read()  # type: ignore[union-attr]
            if rng.random() < 0.1:
                member.type = rng.choice(
                    (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE)
                )
                member.linkname = rng.choice(("/etc/passwd", "..", member.name))
                content = b""
            elif rng.random() < 0.1:
                content = content[: rng.randrange(len(content))] if rng.random() < 0.5 else content + bytes(3073)
            if rng.random() < 0.1:
                member.name = rng.choice(
                    ("../" + member.name, "/" + member.name, "", "x" * 300, "é", member.name.upper())
                )
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    plain = several(rng, out.getvalue()) if rng.random() < 0.6 else out.getvalue()
    packed = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packed.compress(plain) + packed.flush()
