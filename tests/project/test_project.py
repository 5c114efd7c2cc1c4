"""What holds for the project as a whole."""

import re
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOST_LINES = 400


def project() -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return found


def own_sources() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.py", "*.proto"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    return [ROOT / name for name in listed if "_pb2" not in name and (ROOT / name).exists()]


def test_the_generated_code_is_what_the_protos_generate(tmp_path: Path) -> None:
    protos = sorted((ROOT / "protos" / "movierec" / "v1").glob("*.proto"))
    outputs = ("python", "grpc_python", "mypy", "mypy_grpc")
    subprocess.run(
        [
            *(sys.executable, "-m", "grpc_tools.protoc", "-I", str(ROOT / "protos")),
            *(f"--{output}_out={tmp_path}" for output in outputs),
            *map(str, protos),
        ],
        env={"PATH": str(Path(sys.executable).parent)},
        stderr=subprocess.DEVNULL,
        check=True,
    )
    generated = {path.name: path.read_bytes() for path in (tmp_path / "movierec/v1").iterdir()}
    committed = {
        path.name: path.read_bytes() for path in (ROOT / "protos/movierec/v1").glob("*_pb2*.py*")
    }
    assert committed == generated, "run `make proto`"


def test_no_file_of_ours_is_long() -> None:
    lengths = {path: len(path.read_text().splitlines()) for path in own_sources()}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


def test_every_picture_of_the_readme_is_there_and_is_described() -> None:
    pictures = re.findall(r"!\[(.*?)\]\((.*?)\)", (ROOT / "README.md").read_text("utf-8"))
    assert pictures
    assert not [file for about, file in pictures if not about or not (ROOT / file).is_file()]


def test_the_changelog_has_an_entry_for_this_version() -> None:
    assert f"## [{project()['version']}]" in (ROOT / "CHANGELOG.md").read_text()


def test_no_lock_names_a_registry() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        assert "://" not in lock.read_text(), lock


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        capture_output=True,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_holds_every_package_with_its_types_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for package in ("movierec", "movierec_client", "trainer_service", "recommender_service"):
        assert f"{package}/py.typed" in names
    assert "movierec/v1/trainer_pb2_grpc.py" in names
    assert "trainer_service/sample/films.csv" in names
    assert "trainer_service/insights/parts/page.html" in names
    assert not [name for name in names if name.startswith(("tests", "deploy"))]


@pytest.fixture(scope="module")
def thin(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of an environment with the bare install, as locked, and nothing else."""
    folder = tmp_path_factory.mktemp("thin")
    venv.create(folder, with_pip=True)
    install = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    lock = ROOT / "requirements" / "client.txt"
    subprocess.run([*install, "--require-hashes", "-r", str(lock)], check=True)
    subprocess.run([*install, "--no-deps", str(wheel)], check=True)
    return folder / "bin"


def test_the_bare_install_gives_library_and_command(thin: Path) -> None:
    said = subprocess.run(
        [thin / "movierec", "--version"], capture_output=True, text=True, check=True
    ).stdout
    assert str(project()["version"]) in said
    imported = (
        "from movierec_client import AsyncClient, Client; from movierec.v1 import trainer_pb2"
    )
    subprocess.run([thin / "python", "-W", "error", "-c", imported], check=True)


def test_the_bare_install_is_thin(thin: Path) -> None:
    listed = subprocess.run(
        [thin / "python", "-m", "pip", "list", "--format=freeze"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    installed = {line.split("==")[0].lower() for line in listed.splitlines()}
    assert installed.isdisjoint({"numpy", "pandas", "tensorflow", "keras"})


@pytest.mark.parametrize(
    ("command", "extra"),
    [
        (["sample"], "trainer"),
        (["artifacts", "gc"], "trainer"),
        (["artifacts", "verify"], "recommender"),
    ],
)
def test_a_command_of_a_service_says_what_to_install(
    thin: Path, tmp_path: Path, command: list[str], extra: str
) -> None:
    asked = subprocess.run(
        [thin / "movierec", *command, str(tmp_path / "folder")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 1
    assert f"pip install 'movierec[{extra}]'" in asked.stderr
    assert "Traceback" not in asked.stderr
