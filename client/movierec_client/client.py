"""The blocking client."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any, TypeVar, Unpack

import grpc

from movierec_client import operations
from movierec_client.calls import Page, Streaming, Unary
from movierec_client.closing import Closing
from movierec_client.connections import Connections
from movierec_client.encoding import UnknownSeeds
from movierec_client.errors import CallError
from movierec_client.operations import TrainOptions
from movierec_client.recommendations import Recommendations
from movierec_client.results import Model, Movie, Run, RunEvent, ServiceHealth, Version
from movierec_client.seeds import MovieLike
from movierec_client.services import ServiceName
from movierec_client.states import ServingStatus
from movierec_client.statuses import translated
from movierec_client.streams import Stream

T = TypeVar("T")


class Client(Closing):
    """Trains, and asks for movies; blocking, and safe to share between threads.

    Nothing is connected before the first call. Every call has a deadline and
    ends in an answer or in a `MovierecError`.

    Args:
        trainer: Address of the trainer, "host:port"; default: the environment's
            MOVIEREC_TRAINER, else "localhost:50051".
        recommender: Address of the recommender; default: the environment's
            MOVIEREC_RECOMMENDER, else "localhost:50052".
        timeout_s: How long a call may take, unless it is told otherwise.
        run_timeout_s: The same for `train` and `follow`.
    """

    def __init__(
        self,
        *,
        trainer: str | None = None,
        recommender: str | None = None,
        timeout_s: float = 10.0,
        run_timeout_s: float = 24 * 60 * 60.0,
    ) -> None:
        self._connections = Connections(
            grpc.insecure_channel,
            trainer=trainer,
            recommender=recommender,
            timeout_s=timeout_s,
        )
        self._run_timeout_s = run_timeout_s

    def close(self) -> None:
        """Closes the connections, and cancels the calls that still wait."""
        for channel in self._connections.close():
            channel.close()

    def train(
        self, dataset: str, *, timeout_s: float | None = None, **options: Unpack[TrainOptions]
    ) -> Stream[RunEvent]:
        """Starts a run and follows it from its first event to its last.

        Losing the stream, or leaving the loop, does not end the run.

        Args:
            dataset: A folder under the trainer's data directory.
            timeout_s: How long to follow it at most; default `run_timeout_s`.
            **options: `min_ratings`: only movies with more ratings than this;
                default 5,000. `epochs`: passes over the users. `dim`:
                dimensions of the embedding. `seed`: of all that is drawn at
                random. `co_liked_weight`: of the co-liked head's loss; 0 trains
                the rating head alone. `holdout`: share of the users held out
                for validation, and again for the final figures.
                `learning_rate`, `batch_size` (in users), `l2`. `patience`:
                end early once so many epochs in a row have not brought a lower
                validation loss. `ease_up_to`: measure EASE beside the model up
                to this many movies; 0 is never. `few_seeds`: share of the users
                whom the co-liked head is given one to five films of; more of it
                is better for few films and worse for many. `request_id`: asking
                again with the same one joins the run. `validate_only`: check
                the request and read the data, no more. What is not given, the
                trainer decides; `run` tells what it was.

        Returns:
            The events, as they happen.

        Raises:
            FailedPreconditionError: The data cannot be trained on.
            InvalidArgumentError: A setting is out of range.
            RunFailedError: The run ended, after the last event, without success.
            RunInProgressError: Another run is going on.
        """
        return self._stream(operations.train(dataset, **options), timeout_s, self._run_timeout_s)

    def follow(
        self, run_id: str, *, after_sequence: int = 0, timeout_s: float | None = None
    ) -> Stream[RunEvent]:
        """Follows a run to its end.

        Args:
            run_id: The run.
            after_sequence: The event after which to begin; 0 is from the first.
            timeout_s: How long to follow it at most; default `run_timeout_s`.

        Raises:
            NotFoundError: There is no such run.
            RunFailedError: The run ended, after the last event, without success.
        """
        operation = operations.follow_run(run_id, after_sequence)
        return self._stream(operation, timeout_s, self._run_timeout_s)

    def run(self, run_id: str, *, timeout_s: float | None = None) -> Run:
        """Looks a run up.

        Raises:
            NotFoundError: There is no such run.
        """
        return self._unary(operations.get_run(run_id), timeout_s)

    def runs(self, *, timeout_s: float | None = None) -> Iterator[Run]:
        """Lists the runs, newest first; `timeout_s` is for each page of them."""
        return self._pages(operations.list_runs, timeout_s)

    def cancel(self, run_id: str, *, timeout_s: float | None = None) -> Run:
        """Cancels a run and returns it as it then is.

        A run that has begun to publish, or has ended, stays as it is.

        Raises:
            NotFoundError: There is no such run.
        """
        return self._unary(operations.cancel_run(run_id), timeout_s)

    def recommend(
        self,
        movies: Iterable[MovieLike],
        *,
        k: int = 10,
        dislike: Iterable[MovieLike] = (),
        unknown: UnknownSeeds = "fail",
        timeout_s: float | None = None,
    ) -> Recommendations:
        """Finds the movies most similar to some, best first.

        Args:
            movies: Ids (int), titles (str), or `Seed`s with weights.
            k: How many, from 1 to 1,000.
            dislike: The same as `movies`, for what the answer is to be unlike.
            unknown: "fail", or "skip" to answer from the seeds that are known;
                the answer's header lists the others.
            timeout_s: How long the whole answer may take.

        Raises:
            InvalidArgumentError: No seed, too many, an ambiguous title, ...
            NotFoundError: Seeds that are no movies of the version.
            UnavailableError: No version is loaded yet.
        """
        operation = operations.recommend(movies, k, dislike, unknown)
        return Recommendations(self._stream(operation, timeout_s))

    def search(self, text: str, limit: int = 10, *, timeout_s: float | None = None) -> list[Movie]:
        """Finds movies by their titles, best match first.

        Args:
            text: Some of a title.
            limit: At most how many.
            timeout_s: How long each hundred may take.
        """
        found = self._pages(operations.search_movies(text, limit), timeout_s)
        return list(islice(found, limit))

    def model(self, *, timeout_s: float | None = None) -> Model:
        """Looks up the version that serves.

        Raises:
            UnavailableError: No version is loaded yet.
        """
        return self._unary(operations.get_model(), timeout_s)

    def versions(self, *, timeout_s: float | None = None) -> Iterator[Version]:
        """Lists the versions, newest first; `timeout_s` is for each page of them."""
        return self._pages(operations.list_versions, timeout_s)

    def health(
        self, *services: ServiceName, live: bool = False, timeout_s: float | None = None
    ) -> list[ServiceHealth]:
        """Asks services whether they serve; raises nothing if they do not answer.

        Args:
            *services: "trainer", "recommender"; both if none is named.
            live: Ask whether the process works at all, ready or not.
            timeout_s: How long each may take.
        """
        checks = operations.health_checks(services, live=live)
        return [self._health(check, timeout_s) for check in checks]

    def _unary(self, operation: Unary[Any, Any, T], timeout_s: float | None) -> T:
        channel, target = self._connections.open(operation.service, timeout_s)
        with translated(target):
            answer = operation.start(channel, target.timeout_s)
        return operation.decode(answer)

    def _stream(
        self,
        operation: Streaming[Any, Any, T],
        timeout_s: float | None,
        default_timeout_s: float | None = None,
    ) -> Stream[T]:
        timeout_s = default_timeout_s if timeout_s is None else timeout_s
        channel, target = self._connections.open(operation.service, timeout_s)
        return Stream(operation.start(channel, target.timeout_s), operation, target)

    def _pages(
        self, page: Callable[[str], Unary[Any, Any, Page[T]]], timeout_s: float | None
    ) -> Iterator[T]:
        token = ""
        while True:
            answer = self._unary(page(token), timeout_s)
            yield from answer.items
            token = answer.next_page_token
            if not token:
                return

    def _health(
        self, operation: Unary[Any, Any, ServingStatus], timeout_s: float | None
    ) -> ServiceHealth:
        target = self._connections.target(operation.service, timeout_s)
        try:
            status = self._unary(operation, timeout_s)
        except CallError as error:
            return operations.health_of(target, error)
        return operations.health_of(target, status)
