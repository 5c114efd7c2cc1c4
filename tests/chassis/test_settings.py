"""Settings: from variables and flags, legal or not at all."""

import shlex
from pathlib import Path

import pytest

from movierec.chassis.settings import KNOWN_VARIABLES, PREFIX, load_settings, told_settings
from movierec.chassis.settings_page import settings_page
from recommender_service.settings import RecommenderSettings
from trainer_service.settings import TrainerSettings

OTHER_VARIABLES = {
    *("MOVIEREC_TRAINER", "MOVIEREC_RECOMMENDER", "MOVIEREC_DOWNLOAD_URL"),
    "MOVIEREC_CONTROL_DIR",
}
"""The client's, and one that is reserved."""


@pytest.fixture(autouse=True)
def no_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in KNOWN_VARIABLES:
        monkeypatch.delenv(name, raising=False)


def refusal(capsys: pytest.CaptureFixture[str], *flags: str) -> str:
    """What the recommender says when it refuses to start."""
    with pytest.raises(SystemExit) as exit_:
        load_settings(RecommenderSettings, "python -m recommender_service", flags)
    assert exit_.value.code != 0
    return f"{exit_.value.code}{capsys.readouterr().err}"


def test_a_setting_comes_from_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVIEREC_POLL_INTERVAL_S", "2.5")
    assert load_settings(RecommenderSettings, "test", []).poll_interval_s == 2.5


def test_a_flag_goes_before_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVIEREC_LISTEN", "127.0.0.1:1")
    settings = load_settings(TrainerSettings, "test", ["--listen", "127.0.0.1:2"])
    assert settings.listen == "127.0.0.1:2"


def test_an_empty_variable_leaves_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOVIEREC_LOG_LEVEL", "")
    assert load_settings(TrainerSettings, "test", []).log_level == "info"


def test_settings_do_not_change_once_read() -> None:
    settings = load_settings(TrainerSettings, "test", [])
    with pytest.raises(ValueError, match="frozen"):
        settings.listen = "127.0.0.1:2"  # type: ignore[misc]  # that is what is tested


@pytest.mark.parametrize("name", ["MOVIEREC_LISTEN", "movierec_listen", "Movierec_Listen"])
def test_a_variable_may_be_written_in_any_case(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "127.0.0.1:1")
    assert load_settings(RecommenderSettings, "test", []).listen == "127.0.0.1:1"


@pytest.mark.parametrize("name", ["MOVIEREC_LISTN", "movierec_listn", "Movierec_Listn"])
def test_an_unknown_variable_stops_the_start_and_names_the_nearest(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(name, "127.0.0.1:1")
    said = refusal(capsys)
    assert f"{name}: there is no such setting; did you mean MOVIEREC_LISTEN?" in said


def test_a_malformed_variable_stops_the_start_with_its_name_and_the_legal_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MOVIEREC_POLL_INTERVAL_S", "soon")
    said = refusal(capsys)
    assert "MOVIEREC_POLL_INTERVAL_S (--poll-interval-s): 'soon' is not legal" in said
    assert "a number above 0 to 3,600" in said


@pytest.mark.parametrize(
    "address", ["50051", "localhost:", "localhost:99999", "localhost:http", "h:²"]
)
def test_an_address_that_is_none_is_refused(
    address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    said = refusal(capsys, "--listen", address)
    assert f"MOVIEREC_LISTEN (--listen): '{address}': legal is HOST:PORT" in said


def test_a_choice_that_is_none_is_refused_with_the_choices(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = refusal(capsys, "--log-level", "loud")
    assert "legal is debug or info or warning or error" in said


def test_an_unknown_flag_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert "--listn" in refusal(capsys, "--listn", "127.0.0.1:1")


def test_the_variables_of_the_other_service_are_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MOVIEREC_DATA_DIR", "/somewhere")
    assert load_settings(RecommenderSettings, "test", []).listen == "127.0.0.1:50052"


def test_the_known_variables_are_those_of_the_services_and_the_client() -> None:
    declared = {
        f"{PREFIX}{field.upper()}"
        for kind in (TrainerSettings, RecommenderSettings)
        for field in told_settings(kind)
    }
    assert declared | OTHER_VARIABLES == KNOWN_VARIABLES


@pytest.mark.parametrize("kind", [TrainerSettings, RecommenderSettings])
def test_every_setting_says_what_it_means(
    kind: type[TrainerSettings | RecommenderSettings],
) -> None:
    assert [name for name, field in kind.model_fields.items() if not field.description] == []


def printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *flags: str
) -> list[str]:
    """What the trainer prints of its settings, before it ends with 0."""
    monkeypatch.setenv("MOVIEREC_DATA_DIR", "/some data")
    with pytest.raises(SystemExit) as exit_:
        load_settings(TrainerSettings, "test", ["--print-settings", *flags])
    assert exit_.value.code == 0
    return capsys.readouterr().out.splitlines()


def test_settings_are_printed_with_where_they_come_from(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = printed(monkeypatch, capsys, "--no-reflection", "--keep-versions", "1")
    told = {tuple(part.strip() for part in line.split("  # ")) for line in lines}
    assert {
        ("MOVIEREC_DATA_DIR='/some data'", "variable"),
        ("MOVIEREC_REFLECTION=false", "flag"),
        ("MOVIEREC_KEEP_VERSIONS=1", "flag"),
        ("MOVIEREC_RUNS_DIR=", "default"),
        ("MOVIEREC_LOG_LEVEL=info", "default"),
    } <= told
    assert len(lines) == len(told_settings(TrainerSettings))


def test_what_is_printed_is_an_environment_that_gives_the_same_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    flags = ["--keep-for-s", "2.5", "--no-reflection", "--runs-dir", "/runs #1"]
    expected = load_settings(TrainerSettings, "test", flags)
    lines = printed(monkeypatch, capsys, *flags)
    monkeypatch.delenv("MOVIEREC_DATA_DIR")
    for line in lines:
        name, _, value = shlex.split(line, comments=True)[0].partition("=")
        monkeypatch.setenv(name, value)
    again = load_settings(TrainerSettings, "test", [])
    assert again == expected.model_copy(update={"data_dir": Path("/some data")})


def test_a_bad_setting_is_said_rather_than_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert "MOVIEREC_LOADED_VERSIONS" in refusal(
        capsys, "--print-settings", "--loaded-versions", "0"
    )


def test_the_page_about_settings_is_current() -> None:
    page = Path(__file__).parents[2] / "SETTINGS.md"
    made = settings_page(
        {"trainer_service": TrainerSettings, "recommender_service": RecommenderSettings}
    )
    assert page.read_text(encoding="utf-8") == made, "run `make settings-page`"
