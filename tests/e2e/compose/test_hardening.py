"""What a container may do."""

import pytest

from support.deployment import Deployment

pytestmark = pytest.mark.engine

SERVICES = pytest.mark.parametrize(
    ("service", "own"),
    [("trainer", {"/artifacts", "/control", "/runs", "/tmp"}), ("recommender", {"/control"})],  # noqa: S108
)


@SERVICES
def test_no_container_runs_as_root(deployment: Deployment, service: str, own: set[str]) -> None:
    container = deployment.container(service)
    users = container.run("sh", "-c", "stat -c %u /proc/[0-9]*")
    assert {*users.split()} == {"10001"}
    assert own


@SERVICES
def test_no_container_can_write_outside_its_volumes(
    deployment: Deployment, service: str, own: set[str]
) -> None:
    """Apart from what the kernel shows as files, in /proc and in /dev."""
    container = deployment.container(service)
    find = (
        r"find / \( -path /proc -o -path /dev \) -prune -o -writable ! -type l -print 2>/dev/null"
    )
    writable = container.run("sh", "-c", f"{find} || true").splitlines()
    assert writable
    outside = [path for path in writable if f"/{path.split('/')[1]}" not in own]
    assert outside == []
    devices = container.run("sh", "-c", "find /dev -writable -type d 2>/dev/null || true")
    assert {*devices.split()} <= {"/dev/mqueue"}


@SERVICES
def test_a_container_has_no_more_rights_and_no_more_of_the_machine_than_it_needs(
    deployment: Deployment, service: str, own: set[str]
) -> None:
    container = deployment.container(service)
    config = container.host_config
    assert config["ReadonlyRootfs"]
    assert config["CapDrop"] == ["ALL"]
    assert not config["Privileged"]
    assert any(option.startswith("no-new-privileges") for option in config["SecurityOpt"])
    assert config["Memory"] > 0
    assert config["NanoCpus"] > 0
    assert config["PidsLimit"] > 0
    assert config["RestartPolicy"]["Name"] == "unless-stopped"
    status = container.run("cat", "/proc/1/status")
    rights = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert (rights["CapEff"], rights["NoNewPrivs"]) == ("0" * 16, "1")
    bindings = [one for some in config["PortBindings"].values() for one in some]
    assert [binding["HostIp"] for binding in bindings] == ["127.0.0.1"]
    assert own
