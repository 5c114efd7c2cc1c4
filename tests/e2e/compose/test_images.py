"""What is in the images."""

import pytest

from support.deployment import BASE_IMAGE, TAG, Deployment, docker, image, project_version

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("images")]

MIB = 1024 * 1024
IMAGES = pytest.mark.parametrize("target", ["trainer", "recommender", "client"])


def found_in(target: str, *command: str) -> str:
    return docker("run", "--rm", f"--entrypoint={command[0]}", f"{target}:{TAG}", *command[1:])


def test_the_recommenders_image_has_at_most_150_mb_more_than_the_base() -> None:
    added = image(f"movierec-recommender:{TAG}")["Size"] - image(BASE_IMAGE)["Size"]
    assert added <= 150 * 1_000_000


@pytest.mark.parametrize("target", ["recommender", "client"])
def test_there_is_no_tensorflow_but_in_the_trainers_image(target: str) -> None:
    packages = "/opt/movierec/lib/python3.11/site-packages"
    names = found_in(f"movierec-{target}", "ls", packages).split()
    assert "movierec_client" in names
    assert not {"tensorflow", "keras", "pandas", "scipy"} & {*names}
    assert ("numpy" in names) == (target == "recommender")


@IMAGES
def test_nothing_that_builds_is_left(target: str) -> None:
    looked = (
        "import importlib.util as u; print([n for n in ('pip', 'hatchling') if u.find_spec(n)])"
    )
    assert found_in(f"movierec-{target}", "python", "-c", looked) == "[]"
    assert "build" not in found_in(f"movierec-{target}", "ls", "/", "/opt").split()
    assert (
        found_in(f"movierec-{target}", "sh", "-c", "command -v gcc cc make || echo none") == "none"
    )


@IMAGES
def test_code_comes_after_what_it_needs(target: str) -> None:
    """So that a change of the code makes no other layer anew."""
    history = docker("history", "--no-trunc", "--format={{.Size}}", f"movierec-{target}:{TAG}")
    large = [size for size in history.split() if size.endswith(("MB", "GB"))]
    code = [size for size in large if size.endswith("MB") and float(size[:-2]) < 10]
    assert large[-1] == max(large[-3:], key=lambda size: (size[-2:], float(size[:-2])))
    assert code


@IMAGES
def test_an_image_says_what_it_is_and_how_it_is(target: str) -> None:
    config = image(f"movierec-{target}:{TAG}")["Config"]
    labels = config["Labels"]
    prefix = "org.opencontainers.image"
    assert labels[f"{prefix}.title"] == f"movierec {target}"
    assert labels[f"{prefix}.version"] == project_version()
    assert labels[f"{prefix}.licenses"] == "Apache-2.0"
    assert all(labels[f"{prefix}.{name}"] for name in ("description", "revision", "source"))
    probe, *command = config["Healthcheck"]["Test"]
    asked = [] if target == "client" else [target]
    assert (probe, command) == ("CMD", ["movierec", "health", *asked, "--live"])
    assert config["User"] == "10001:10001"


def test_neither_data_nor_tests_are_in_an_image(deployment: Deployment) -> None:
    files = "find /opt/movierec -path '*tests*' -name 'test_*.py' -path '*movierec*rec*' | head"
    assert deployment.container("recommender").run("sh", "-c", files) == ""
    assert deployment.container("trainer").run("ls", "/data") == "sample"
