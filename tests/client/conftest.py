"""The servers and clients that the tests of the client share."""

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from movierec_client.cli.main import app
from movierec_client.cli.output import console
from support.client_drivers import AsyncDriver, BlockingDriver, Driver, Movierec
from support.scripted_servers import Script, ScriptedServer


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    with ScriptedServer() as server:
        yield server


@pytest.fixture
def script(server: ScriptedServer) -> Script:
    return server.script


@pytest.fixture(params=[BlockingDriver, AsyncDriver], ids=["blocking", "async"])
def driver(request: pytest.FixtureRequest, server: ScriptedServer) -> Iterator[Driver]:
    """Every test that takes this runs with both clients."""
    driver = request.param(trainer=server.address, recommender=server.address)
    yield driver
    driver.close()


@pytest.fixture
def movierec(server: ScriptedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Movierec]:
    """Runs a command in this process against the scripted server, 80 columns wide."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("MOVIEREC_TRAINER", server.address)
    monkeypatch.setenv("MOVIEREC_RECOMMENDER", server.address)
    console.cache_clear()  # It has the width of the test before.
    yield lambda *arguments, stdin=b"": CliRunner().invoke(app, arguments, input=stdin)
    console.cache_clear()
