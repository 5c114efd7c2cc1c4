"""What the tests of downloads share."""

from collections.abc import Iterator

import pytest

from support.archive_servers import ArchiveServer, archive
from support.downloads import NAME, Told


@pytest.fixture
def archives() -> Iterator[ArchiveServer]:
    """A server that has a small data set."""
    with ArchiveServer() as archives:
        archives.publish(NAME, archive(NAME))
        yield archives


@pytest.fixture
def told() -> Told:
    return Told()
