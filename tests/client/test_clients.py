"""The clients as such: their names, addresses, arguments and cost."""

import asyncio
import dataclasses
import inspect
import subprocess
import sys
import types
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

import movierec_client as mc
from movierec.v1 import recommender_pb2, training_pb2
from movierec_client.encoding import encode_seeds
from movierec_client.operations import TrainOptions
from movierec_client.services import RECOMMENDER, TRAINER
from support.client_drivers import Driver
from support.scripted_servers import Script, ScriptedServer

int64s = st.integers(-(2**63), 2**63 - 1)
titles = st.text(st.characters(exclude_categories=["Cs"]))
weights = st.floats(allow_nan=False)


def test_the_public_names_are_exactly_those_listed_in_order() -> None:
    assert all(getattr(mc, name) for name in mc.__all__)  # which imports them
    public = {
        name
        for name, value in vars(mc).items()
        if not name.startswith("_") and not isinstance(value, types.ModuleType)
    }

    assert sorted(public) == mc.__all__


def methods(client: type) -> dict[str, list[inspect.Parameter]]:
    return {
        name: [
            # The async client's queries may be async.
            one.replace(annotation=None) if one.name == "queries" else one
            for one in inspect.signature(value).parameters.values()
        ]
        for name, value in vars(client).items()
        if not name.startswith("_") or name == "__init__"
    }


def test_both_clients_have_the_same_methods_with_the_same_arguments() -> None:
    assert methods(mc.AsyncClient) == methods(mc.Client)


def test_train_takes_every_setting_of_the_contract() -> None:
    settings = set(training_pb2.TrainingSettings.DESCRIPTOR.fields_by_name)

    assert set(get_type_hints(TrainOptions)) == settings | {"request_id", "validate_only", "force"}


def test_recommend_takes_every_field_of_a_query() -> None:
    movies, *others = (field.name for field in dataclasses.fields(mc.Query))

    assert movies == "movies"
    assert list(get_type_hints(mc.QueryOptions)) == others


def test_addresses_come_from_the_argument_then_the_environment_then_the_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("MOVIEREC_RECOMMENDER", raising=False)
    monkeypatch.setenv("MOVIEREC_TRAINER", "there:1")

    assert TRAINER.address("here:2") == "here:2"
    assert TRAINER.address(None) == "there:1"
    assert RECOMMENDER.address(None) == "localhost:50052"
    monkeypatch.setenv("MOVIEREC_TRAINER", "")
    assert TRAINER.address(None) == "localhost:50051"


def test_a_client_that_is_never_used_connects_to_nothing() -> None:
    with mc.Client(trainer="no such place", recommender="at all"):
        pass


def test_importing_the_library_imports_nothing_of_the_command_line() -> None:
    code = (
        "import movierec_client, sys;"
        "print([m for m in ('rich', 'typer', 'numpy', 'pydantic', 'trainer_service',"
        " 'recommender_service', 'movierec.chassis') if m in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


@given(
    liked=st.lists(st.tuples(int64s | titles, weights)),
    disliked=st.lists(st.tuples(int64s | titles, weights)),
)
def test_seeds_keep_order_kind_and_weight_and_dislikes_turn_the_sign(
    liked: list[tuple[int | str, float]], disliked: list[tuple[int | str, float]]
) -> None:
    seeds = encode_seeds(
        [mc.Seed(movie, weight) for movie, weight in liked],
        [mc.Seed(movie, weight) for movie, weight in disliked],
    )

    read = [
        (seed.title if seed.WhichOneof("movie") == "title" else seed.movie_id, seed.weight)
        for seed in seeds
    ]
    assert read == [*liked, *((movie, -weight) for movie, weight in disliked)]


def test_whatever_is_an_index_is_an_id() -> None:
    class Index:
        def __index__(self) -> int:
            return 260

    assert encode_seeds([Index()], []) == [recommender_pb2.Seed(movie_id=260, weight=1)]


@pytest.mark.parametrize("movie", [True, 2.5, None, b"Heat"])
def test_what_names_no_movie_is_refused(movie: Any) -> None:
    with pytest.raises(TypeError, match="names no movie"):
        mc.Seed(movie)


def test_a_single_title_is_not_taken_for_a_list_of_letters(driver: Driver) -> None:
    with pytest.raises(TypeError, match=r"give a list, \['Heat'\]"):
        driver.items(lambda client: client.recommend("Heat"))
    with pytest.raises(TypeError, match="dislike is a single title"):
        driver.items(lambda client: client.recommend([1], dislike="Heat"))
    with pytest.raises(TypeError, match=r"any_genres is a single text: .*, \['War'\]"):
        driver.items(lambda client: client.recommend([1], any_genres="War"))
    with pytest.raises(TypeError, match=r"movies is 260: give a list, \[260\]"):
        driver.items(lambda client: client.recommend(260))


def test_what_excludes_no_movie_is_refused(driver: Driver) -> None:
    with pytest.raises(TypeError, match="True excludes no movie"):
        driver.items(lambda client: client.recommend([1], exclude=[True]))


@pytest.mark.parametrize(
    ("field", "call"),
    [
        ("epochs", lambda client: client.train("ml", epochs=2**31)),
        ("dim", lambda client: client.train("ml", dim="many")),
        ("dataset", lambda client: client.train("\ud800")),
        ("movie_id", lambda client: client.recommend([2**63])),
        ("title", lambda client: client.recommend(["\ud800"])),
        ("top_k", lambda client: client.recommend([1], k=2**31)),
        ("unknown", lambda client: client.recommend([1], unknown="ignore")),
        ("combination", lambda client: client.recommend([1], combination="sum")),
        ("any_genres", lambda client: client.recommend([1], any_genres=["War", 7])),
        ("movie_id", lambda client: client.recommend([1], exclude=[2**63])),
        ("years", lambda client: client.recommend([1], years="1990-1999")),
        ("years", lambda client: client.recommend([1], years=(1990,))),
        ("first_year", lambda client: client.recommend([1], years=(2**31, None))),
        ("min_rating_count", lambda client: client.recommend([1], min_rating_count="many")),
        ("diversity", lambda client: client.recommend([1], diversity="much")),
        ("window", lambda client: client.recommend_many([1], window=0)),
        ("after_sequence", lambda client: client.follow("r1", after_sequence=2**63)),
        ("run_id", lambda client: client.publish("\ud800")),
        ("number", lambda client: client.recommend([1], version=2**63)),
        ("label", lambda client: client.recommend([1], version="\ud800")),
        ("version", lambda client: client.recommend([1], version=True)),
        ("version", lambda client: client.recommend([1], version=2.5)),
    ],
)
def test_values_that_cannot_be_sent_are_invalid_arguments_that_name_their_field(
    driver: Driver, field: str, call: Any
) -> None:
    with pytest.raises(mc.InvalidArgumentError, match=field) as caught:
        driver.items(call)

    assert list(caught.value.violations) == [field]
    assert caught.value.code == "INVALID_ARGUMENT"


def test_search_and_health_refuse_what_makes_no_sense(driver: Driver) -> None:
    with pytest.raises(mc.InvalidArgumentError, match="limit is 0: give at least 1"):
        driver.value(lambda client: client.search("heat", 0))
    with pytest.raises(mc.InvalidArgumentError, match='"trainer" or "recommender"'):
        driver.value(lambda client: client.health("trainr"))


def test_an_argument_that_train_does_not_know_is_a_type_error(driver: Driver) -> None:
    with pytest.raises(TypeError, match="'epoch'"):
        driver.items(lambda client: client.train("ml", epoch=3))


def test_all_calls_of_a_client_share_a_connection(server: ScriptedServer, script: Script) -> None:
    script.on("GetModel", recommender_pb2.GetModelResponse())
    with mc.Client(recommender=server.address) as client:
        for _ in range(3):
            client.model()

    assert len({context.peer() for context in script.contexts}) == 1


def test_leaving_the_block_closes_either_client() -> None:
    async def leave_block() -> mc.AsyncClient:
        async with mc.AsyncClient() as client:
            pass
        return client

    with mc.Client() as client:
        pass
    async_client = asyncio.run(leave_block())

    with pytest.raises(mc.ClientClosedError):
        client.follow("r1")
    with pytest.raises(mc.ClientClosedError):
        async_client.follow("r1")
