"""The recommenders that share a volume, as they say of themselves: `replicas/<id>.json`."""

import errno
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.timestamp_pb2 import Timestamp

from movierec.control.files import NoFileError, is_full, read_file, replace_in_folder
from movierec.v1 import control_pb2 as pb

REPLICAS = "replicas"
"""The folder in the control folder that they say it in."""

BEAT_INTERVAL_S = 2.0
"""Seconds from one heartbeat to the next."""

DEAD_AFTER = timedelta(seconds=10)
"""Without a heartbeat for so long, a replica is dead."""

FORGOTTEN_AFTER = timedelta(hours=1)
"""Without a heartbeat for so long, what a replica said of itself is removed."""

MOST_BYTES = 1024 * 1024
"""More than this no replica says of itself."""

# What says of a name that it leads nowhere, rather than of the folder that it is away.
_LEADS_NOWHERE = {errno.ENOENT, errno.ELOOP, errno.ENAMETOOLONG}


@dataclass(frozen=True, slots=True)
class Replica:
    """What a recommender says of itself.

    Args:
        replica_id: The file's name; letters, digits, ".", "_" and "-".
        start_time: Since when it runs, with a time zone.
        beat_time: When it said this, or that it had no room for more, with a time zone.
            Of what was read it is the time of the file, by this process' clock.
        serving_version: What serves unless asked for another; None when nothing does.
        loaded_versions: What requests may ask it for, ascending.
        generation: Of the activation that it follows.
    """

    replica_id: str
    start_time: datetime
    beat_time: datetime
    serving_version: int | None
    loaded_versions: Sequence[int]
    generation: int

    def is_alive(self, now: datetime) -> bool:
        """Whether it has said something of late."""
        return now - self.beat_time < DEAD_AFTER


def write_replica(control_dir: Path, replica: Replica) -> None:
    """Says something of a replica, in the place of what it said before.

    Where there is no room for it, what it said before goes on to be said, as of now: it is
    alive, and what it has is not to be removed to make room.

    Raises:
        FileNotFoundError: There is no `replicas/`.
        OSError: The folder cannot be written to.
    """
    text = json_format.MessageToJson(to_message(replica), preserving_proto_field_name=True)
    path = _file(control_dir, replica.replica_id)
    try:
        replace_in_folder(path, f"{text}\n".encode())
    except OSError as error:
        if is_full(error):
            with suppress(FileNotFoundError):
                os.utime(path)
        raise


def remove_replica(control_dir: Path, replica_id: str) -> None:
    """Takes back what a replica has said of itself.

    Raises:
        OSError: The folder cannot be written to.
    """
    _file(control_dir, replica_id).unlink(missing_ok=True)


def live_replicas(control_dir: Path) -> list[Replica]:
    """The replicas that are alive, in order of their ids.

    Raises:
        OSError: The volume does not answer as it should.
    """
    now = datetime.now(UTC)
    return [replica for replica in _replicas(control_dir) if replica.is_alive(now)]


def forget_dead_replicas(control_dir: Path) -> None:
    """Removes what replicas that are long dead have said of themselves.

    Raises:
        OSError: The folder cannot be written to.
    """
    latest = datetime.now(UTC) - FORGOTTEN_AFTER
    for replica in _replicas(control_dir):
        if replica.beat_time < latest:
            remove_replica(control_dir, replica.replica_id)


def to_message(replica: Replica) -> pb.Replica:
    """A replica, as the contract's message."""
    return pb.Replica(
        replica_id=replica.replica_id,
        start_time=_timestamp(replica.start_time),
        beat_time=_timestamp(replica.beat_time),
        serving_version=replica.serving_version or 0,
        loaded_versions=replica.loaded_versions,
        generation=replica.generation,
    )


def _replicas(control_dir: Path) -> list[Replica]:
    """All that can be understood, in order of their ids; those that cannot are nobody's."""
    folder = control_dir / REPLICAS
    try:
        paths = sorted(folder.iterdir())  # which, unlike glob, says when it may not read
    except (FileNotFoundError, NotADirectoryError):
        return []
    ahead = _how_far_ahead(folder)
    found = []
    for path in paths:
        if path.name.startswith(".") or path.suffix != ".json":
            continue
        try:
            content = read_file(path, MOST_BYTES)
            beat_time = datetime.fromtimestamp(path.stat().st_mtime, UTC) - ahead
            message = json_format.Parse(content, pb.Replica(), ignore_unknown_fields=True)
        except (NoFileError, json_format.ParseError, UnicodeDecodeError, RecursionError):
            continue
        except OSError as error:
            if error.errno in _LEADS_NOWHERE:
                continue
            raise
        if message.replica_id == path.stem:
            found.append(_from_message(message, beat_time))
    return found


def _how_far_ahead(folder: Path) -> timedelta:
    """By how much the clock that gives files their times is ahead of ours.

    They may be different machines'; where nothing may be written they are taken for one.
    """
    try:
        with tempfile.TemporaryFile(dir=folder, prefix=".") as file:
            theirs = datetime.fromtimestamp(os.fstat(file.fileno()).st_mtime, UTC)
    except OSError:
        return timedelta(0)
    return theirs - datetime.now(UTC)


def _from_message(message: pb.Replica, beat_time: datetime) -> Replica:
    return Replica(
        replica_id=message.replica_id,
        start_time=message.start_time.ToDatetime(UTC),
        beat_time=beat_time,
        serving_version=message.serving_version or None,
        loaded_versions=tuple(message.loaded_versions),
        generation=message.generation,
    )


def _file(control_dir: Path, replica_id: str) -> Path:
    return control_dir / REPLICAS / f"{replica_id}.json"


def _timestamp(time: datetime) -> Timestamp:
    message = Timestamp()
    message.FromDatetime(time)
    return message
