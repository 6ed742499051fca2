"""The entry: one step, one commit, one link of the chain (model.md, Entry).

An entry is encoded once as UTF-8 JSON and never re-encoded: the chain runs over the exact stored bytes. Sequence, epoch
and hash stand beside the bytes, not inside.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from scanner_app.domain.refusals import Accepted, Outcome, Refusal, Refused, Verdict
from scanner_app.domain.stock import ContainerMove, Posting, Seal, Status, StockKey

SCHEMA = 1
ENTRY_BYTES_MAX = 64 * 1024
GENESIS_LABEL = b"scanner-ledger/1"
ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False, check_circular=False)
"""Made once: every scan is encoded, and an entry's object holds no rings."""

DEMO_DEVICE = "DEMO"
"""Whom the demonstration's opening entries name, so that they are the same facts wherever they were made."""

NO_EPOCH = bytes(16)
NO_HASH = bytes(32)


class EntryKind(StrEnum):
    """What an entry records (model.md, kinds)."""

    RECEIVED = "received"
    PUT_AWAY = "put_away"
    MOVED = "moved"
    PICKED = "picked"
    PACKED = "packed"
    UNPACKED = "unpacked"
    STAGED = "staged"
    LOADED = "loaded"
    SEALED = "sealed"
    SHIPPED = "shipped"
    VOIDED = "voided"
    ARRIVED = "arrived"
    COUNTED = "counted"
    COUNT_OPENED = "count_opened"
    COUNT_CLOSED = "count_closed"
    ADJUSTED = "adjusted"
    HELD = "held"
    RELEASED = "released"
    DAMAGED = "damaged"
    SAMPLED = "sampled"
    RETURNED = "returned"
    DESTROYED = "destroyed"
    DECOMMISSIONED = "decommissioned"
    DISPENSED = "dispensed"
    CONVERTED = "converted"
    IDENTIFIED = "identified"
    OPENING_BALANCE = "opening_balance"
    CONDITION = "condition"
    VERIFIED = "verified"
    NOTICE_CHECKED = "notice_checked"
    DOCUMENT_OPENED = "document_opened"
    DOCUMENT_CLOSED = "document_closed"
    TASK = "task"
    LEASED = "leased"
    PRINTED = "printed"
    SIGNED_IN = "signed_in"
    SIGNED_OUT = "signed_out"
    APPROVED = "approved"
    OVERRIDDEN = "overridden"
    CORRECTED = "corrected"
    RESOLVED = "resolved"
    CASE = "case"
    RECALL = "recall"
    POLICY = "policy"
    IMPORT = "import"
    DEVICE = "device"
    NOTED = "noted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Raw:
    """The scan as it came: exact bytes, symbology id, source and profile, and the method, such as scanned.

    Badge scans hold the badge id and a hash of the token instead of the text; PIN digits are never stored.
    """

    payload: bytes
    symbology: str | None
    source: str
    profile: str
    method: str


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and where: wall time (UTC ms), offset (minutes), monotonic stamp, and the last sync's time pair."""

    event_time: int
    offset: int
    mono_ms: int
    boot_id: str
    server_time: int | None = None
    server_mono_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Origin:
    """Who and where: site, device, read point, operator and second person."""

    site: str
    device: str
    read_point: str | None
    operator: str | None
    witness: str | None = None


@dataclass(frozen=True, slots=True)
class Knew:
    """What the device knew when it judged: recall and feed cursors; None before the first sync."""

    recall_cursor: str | None = None
    feed_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One decoded entry; field by field model.md's table."""

    kind: EntryKind
    event_id: str
    stamp: Stamp
    origin: Origin
    verdict: Verdict
    workflow: str | None = None
    task: str | None = None
    lease: str | None = None
    document: str | None = None
    count: str | None = None
    raw: Raw | None = None
    knew: Knew = Knew()
    reason: str | None = None
    note: str | None = None
    refers_to: str | None = None
    postings: tuple[Posting, ...] = ()
    container_moves: tuple[ContainerMove, ...] = ()
    lists: tuple[str, ...] = ()
    v: int = SCHEMA


class EntryFormatError(ValueError):
    """Bytes that are not an entry of a schema this code knows."""


def encode_entry(entry: Entry) -> bytes:
    """The exact bytes to store: UTF-8 JSON, keys in a fixed order, no white space.

    Raises EntryFormatError when they would be over 64 KiB: what is many belongs in a member list.
    """
    encoded = ENCODER.encode(_entry_object(entry)).encode()
    if len(encoded) > ENTRY_BYTES_MAX:
        message = f"an entry of {len(encoded)} bytes; at most {ENTRY_BYTES_MAX}"
        raise EntryFormatError(message)
    return encoded


def _entry_object(entry: Entry) -> dict[str, Any]:
    stamp, origin, knew = entry.stamp, entry.origin, entry.knew
    return {
        "v": entry.v,
        "kind": entry.kind.value,
        "event_id": entry.event_id,
        "event_time": stamp.event_time,
        "offset": stamp.offset,
        "mono_ms": stamp.mono_ms,
        "boot_id": stamp.boot_id,
        "server_time": stamp.server_time,
        "server_mono_ms": stamp.server_mono_ms,
        "site": origin.site,
        "device": origin.device,
        "read_point": origin.read_point,
        "operator": origin.operator,
        "witness": origin.witness,
        "workflow": entry.workflow,
        "task": entry.task,
        "lease": entry.lease,
        "document": entry.document,
        "count": entry.count,
        "raw": None if entry.raw is None else _raw_object(entry.raw),
        "verdict": _verdict_object(entry.verdict),
        "knew": {"recall_cursor": knew.recall_cursor, "feed_cursor": knew.feed_cursor},
        "reason": entry.reason,
        "note": entry.note,
        "refers_to": entry.refers_to,
        "postings": [posting_object(posting) for posting in entry.postings],
        "container_moves": [container_move_object(move) for move in entry.container_moves],
        "lists": list(entry.lists),
    }


def _raw_object(raw: Raw) -> dict[str, str | None]:
    return {
        "bytes": base64.b64encode(raw.payload).decode("ascii"),
        "symbology": raw.symbology,
        "source": raw.source,
        "profile": raw.profile,
        "method": raw.method,
    }


def _verdict_object(verdict: Verdict) -> dict[str, Any]:
    if isinstance(verdict, Refused):
        return {"refusal": verdict.refusal.value, "parameters": verdict.parameters}
    return {"outcome": verdict.outcome.value, "parameters": verdict.parameters}


def posting_object(posting: Posting) -> dict[str, Any]:
    """A posting as it stands in entries and member lists."""
    key = posting.key
    return {
        "key": {
            "owner": key.owner,
            "gtin": key.gtin,
            "lot": key.lot,
            "expiry": None if key.expiry is None else key.expiry.isoformat(),
            "serial": key.serial,
            "status": key.status.value,
        },
        "quantity": posting.quantity,
        "from": posting.from_place,
        "to": posting.to_place,
        "inferred": posting.inferred,
    }


def container_move_object(move: ContainerMove) -> dict[str, Any]:
    """A container posting as it stands in entries and member lists."""
    return {
        "container": move.container,
        "from_parent": move.from_parent,
        "to_parent": move.to_parent,
        "seal": move.seal.value,
        "seal_before": move.seal_before.value,
        "inferred": move.inferred,
    }


def decode_entry(stored: bytes) -> Entry:
    """The entry in exact stored bytes. Raises EntryFormatError for anything that is not one of a known schema."""
    try:
        return _entry_of(json.loads(stored))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as fault:
        message = f"not an entry of schema {SCHEMA}: {fault!r}"
        raise EntryFormatError(message) from fault


def _entry_of(given: dict[str, Any]) -> Entry:
    if given["v"] != SCHEMA:
        message = f"schema {given['v']}"
        raise EntryFormatError(message)
    return Entry(
        kind=EntryKind(given["kind"]),
        event_id=given["event_id"],
        stamp=Stamp(
            given["event_time"],
            given["offset"],
            given["mono_ms"],
            given["boot_id"],
            given["server_time"],
            given["server_mono_ms"],
        ),
        origin=Origin(given["site"], given["device"], given["read_point"], given["operator"], given["witness"]),
        verdict=_verdict_of(given["verdict"]),
        workflow=given["workflow"],
        task=given["task"],
        lease=given["lease"],
        document=given["document"],
        count=given["count"],
        raw=None if given["raw"] is None else _raw_of(given["raw"]),
        knew=Knew(given["knew"]["recall_cursor"], given["knew"]["feed_cursor"]),
        reason=given["reason"],
        note=given["note"],
        refers_to=given["refers_to"],
        postings=tuple(posting_of(posting) for posting in given["postings"]),
        container_moves=tuple(container_move_of(move) for move in given["container_moves"]),
        lists=tuple(given["lists"]),
    )


def _raw_of(given: dict[str, Any]) -> Raw:
    payload = base64.b64decode(given["bytes"], validate=True)
    return Raw(payload, given["symbology"], given["source"], given["profile"], given["method"])


def _verdict_of(given: dict[str, Any]) -> Verdict:
    parameters = given["parameters"]
    if "refusal" in given:
        return Refused(Refusal(given["refusal"]), parameters)
    return Accepted(Outcome(given["outcome"]), parameters)


def posting_of(given: dict[str, Any]) -> Posting:
    """The posting in its JSON object; KeyError, TypeError or ValueError when it is none."""
    key = given["key"]
    expiry = key["expiry"]
    stock_key = StockKey(
        key["owner"],
        key["gtin"],
        key["lot"],
        None if expiry is None else date.fromisoformat(expiry),
        key["serial"],
        Status(key["status"]),
    )
    return Posting(stock_key, given["quantity"], given["from"], given["to"], given["inferred"])


def container_move_of(given: dict[str, Any]) -> ContainerMove:
    """The container posting in its JSON object; KeyError, TypeError or ValueError when it is none."""
    return ContainerMove(
        given["container"],
        given["from_parent"],
        given["to_parent"],
        Seal(given["seal"]),
        Seal(given["seal_before"]),
        given["inferred"],
    )


@dataclass(frozen=True, slots=True)
class Parent:
    """Where a ledger incarnation continues another: its epoch (16 bytes), last sequence and hash (32 bytes)."""

    epoch: bytes = NO_EPOCH
    seq: int = 0
    hash: bytes = NO_HASH


NO_PARENT = Parent()


def genesis(device: str, epoch: bytes, parent: Parent = NO_PARENT) -> bytes:
    """The hash before sequence 1 of an epoch (model.md): label, device id, epoch, parent epoch, seq and hash."""
    device_id = device.encode()
    return hashlib.sha256(
        GENESIS_LABEL
        + len(device_id).to_bytes(2, "big")
        + device_id
        + epoch
        + parent.epoch
        + parent.seq.to_bytes(8, "big")
        + parent.hash
    ).digest()


def chain_hash(previous: bytes, seq: int, stored: bytes) -> bytes:
    """SHA-256(previous ‖ seq as u64 big-endian ‖ exact stored bytes)."""
    return hashlib.sha256(previous + seq.to_bytes(8, "big") + stored).digest()
