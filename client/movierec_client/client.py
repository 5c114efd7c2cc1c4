"""The blocking client."""

import time
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Unpack

import grpc

from movierec_client import operations
from movierec_client.batches import Asked, Outcomes
from movierec_client.calling import Calling
from movierec_client.channels import DEFAULT_MAX_MESSAGE_BYTES
from movierec_client.connections import Connections
from movierec_client.encoding import VersionTarget, encode_query
from movierec_client.insights import Insights, collected
from movierec_client.operations import TrainOptions
from movierec_client.outcomes import health_of
from movierec_client.queries import Query, QueryOptions, VersionLike, query_for
from movierec_client.recommendations import Recommendations
from movierec_client.replays import Replay, read_logged
from movierec_client.results import Activation, Fleet, Model, Movie, ServiceHealth, Version
from movierec_client.runs import Run, RunEvent
from movierec_client.seeds import MovieLike
from movierec_client.services import RECOMMENDER, ServiceName
from movierec_client.streams import Stream
from movierec_client.waiting import POLL_INTERVAL_S, Waiting


class Client(Calling):
    """Trains, and asks for movies; blocking, and safe to share between threads.

    Nothing is connected before the first call. Every call has a deadline and
    ends in an answer or in a `MovierecError`.

    Args:
        trainer: Address of the trainer, "host:port", or as gRPC names it, e.g.
            "dns:///host:port"; default: the environment's MOVIEREC_TRAINER, else
            "localhost:50051".
        recommender: Address of the recommender; of all that a name stands for,
            those take turns that serve. Default: the environment's
            MOVIEREC_RECOMMENDER, else "localhost:50052".
        timeout_s: How long a call may take, unless it is told otherwise.
        run_timeout_s: The same for `train`, `publish` and `follow`.
        wait_for_ready: Calls wait, within their time, for a server that can be
            reached and serves, instead of failing; `health` does not.
        max_message_bytes: The largest message that is taken from a server.

    Raises:
        InvalidArgumentError: `max_message_bytes` is no size.
    """

    def __init__(
        self,
        *,
        trainer: str | None = None,
        recommender: str | None = None,
        timeout_s: float = 10.0,
        run_timeout_s: float = 24 * 60 * 60.0,
        wait_for_ready: bool = False,
        max_message_bytes: int = DEFAULT_MAX_MESSAGE_BYTES,
    ) -> None:
        super().__init__(
            Connections(
                grpc.insecure_channel,
                trainer=trainer,
                recommender=recommender,
                timeout_s=timeout_s,
                wait_for_ready=wait_for_ready,
                max_message_bytes=max_message_bytes,
            )
        )
        self._timeout_s = timeout_s
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
                the request and read the data, no more. `force`: the version
                counts as if it had passed the quality gate. What is not given,
                the trainer decides; `run` tells what it was.

        Returns:
            The events, as they happen.

        Raises:
            FailedPreconditionError: The data cannot be trained on.
            InvalidArgumentError: A setting is out of range.
            RunFailedError: The run ended, after the last event, without success.
            RunInProgressError: Another run is going on.
        """
        operation = operations.train(dataset, **options)
        return self._stream(operation, self._run_timeout_s if timeout_s is None else timeout_s)

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
        return self._stream(operation, self._run_timeout_s if timeout_s is None else timeout_s)

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

    def publish(
        self, run_id: str, *, force: bool = False, timeout_s: float | None = None
    ) -> Stream[RunEvent]:
        """Publishes what a run has trained, without training again, and follows it.

        It is for a run that FAILED to publish; or, with `force`, for one whose
        version the quality gate held back. Leaving the loop does not end it.

        Args:
            run_id: The run.
            force: The version counts as if it had passed the quality gate.
            timeout_s: How long to follow it at most; default `run_timeout_s`.

        Returns:
            The events, from there to the run's end.

        Raises:
            FailedPreconditionError: There is nothing of it to publish.
            NotFoundError: There is no such run.
            RunFailedError: The run ended, after the last event, without success.
            RunInProgressError: Another run is going on.
        """
        operation = operations.publish_run(run_id, force=force)
        return self._stream(operation, self._run_timeout_s if timeout_s is None else timeout_s)

    def insights(
        self, subject: str | int, *, min_ratings: int | None = None, timeout_s: float = 600.0
    ) -> Insights:
        """Gets a report on a data set or a version: pages, pictures and numbers, as files.

        Args:
            subject: The data set's name, or the version's number.
            min_ratings: Of a data set: the threshold to look at; default 5,000.
            timeout_s: How long it may take.

        Raises:
            FailedPreconditionError: The data set is not there, or cannot be read.
            NotFoundError: There is no such version.
            ResourceExhaustedError: Too many reports are being made.
        """
        with self._stream(operations.get_insights(subject, min_ratings), timeout_s) as parts:
            return collected(parts)

    def recommend(
        self,
        movies: Query | Iterable[MovieLike],
        *,
        timeout_s: float | None = None,
        **options: Unpack[QueryOptions],
    ) -> Recommendations:
        """Finds the movies most similar to some, best first.

        Args:
            movies: Ids (int), titles (str), or `Seed`s with weights; or a `Query`.
            timeout_s: How long the whole answer may take.
            **options: All that a `Query` can ask, under the same names: `k`,
                `dislike`, `exclude`, `any_genres`, `all_genres`, `no_genres`,
                `years`, `min_rating_count`, `min_score`, `combination`,
                `diversity`, `popularity_discount`, `explain`, `unknown`,
                `version`. Those of a `Query` that is given are replaced.

        Raises:
            InvalidArgumentError: No seed, too many, an ambiguous title, a genre
                that there is not, ...
            NotFoundError: Seeds that are no movies of the version, or a version
                that is not loaded.
            UnavailableError: No version is loaded yet.
        """
        request = encode_query(query_for(movies, **options))
        return Recommendations(self._stream(operations.recommend(request), timeout_s))

    def recommend_many(
        self,
        queries: Iterable[Asked],
        *,
        window: int = 64,
        timeout_s: float | None = None,
    ) -> Outcomes:
        """Answers many queries, in their order, over one call.

        Queries are taken as answers are asked for, in the thread that asks. What
        `queries` raises, comes after the answers to those before.

        Args:
            queries: Each a `Query`, a movie, or several movies as `recommend`
                takes them; or a `CallError`, which comes out in its place.
            window: How many queries may have been taken and not been answered;
                with 1 each is answered before the next one is taken.
            timeout_s: How long all of it may take; default a year, since how
                long it takes depends on how many queries there are.

        Returns:
            For each query its `Answer`, or the error that `recommend` raises for
            it, as a value.

        Raises:
            UnavailableError: No version is loaded yet.
        """
        return self._exchange(operations.recommend_many(), queries, window, timeout_s)

    def replay(self, line: str, *, timeout_s: float | None = None) -> Replay:
        """Asks again what a line of the recommendation log says, of the same version.

        Args:
            line: The line.
            timeout_s: How long the whole answer may take.

        Returns:
            The answer, or its error as a value, beside what was logged.

        Raises:
            InvalidArgumentError: It is no such line.
        """
        logged, request = read_logged(line)
        return Replay(logged, self._answer(operations.recommend(request), timeout_s))

    def search(
        self,
        text: str,
        limit: int = 10,
        *,
        version: VersionLike | None = None,
        timeout_s: float | None = None,
    ) -> list[Movie]:
        """Finds movies by their titles, best match first.

        Args:
            text: Some of a title.
            limit: At most how many.
            version: As in `recommend`.
            timeout_s: How long each hundred may take.

        Raises:
            NotFoundError: A version that is not loaded.
            UnavailableError: No version is loaded yet.
        """
        found = self._pages(operations.search_movies(text, limit, version), timeout_s)
        return list(islice(found, limit))

    def model(self, *, version: VersionLike | None = None, timeout_s: float | None = None) -> Model:
        """Looks up the version that serves, or another one.

        Args:
            version: As in `recommend`.
            timeout_s: How long the answer may take.

        Raises:
            NotFoundError: A version that is not loaded.
            UnavailableError: No version is loaded yet.
        """
        return self._unary(operations.get_model(version), timeout_s)

    def versions(self, *, timeout_s: float | None = None) -> Iterator[Version]:
        """Lists the versions, newest first, each with how it stands and who serves it.

        Args:
            timeout_s: How long each page of them may take.
        """
        return self._pages(operations.list_versions, timeout_s)

    def fleet(self, *, timeout_s: float | None = None) -> Fleet:
        """Looks up what is to serve, and which recommenders serve what."""
        return self._unary(operations.get_fleet(), timeout_s)

    def activate(
        self,
        version: VersionTarget | None = None,
        *,
        label: str | None = None,
        timeout_s: float | None = None,
    ) -> Activation:
        """Pins a version, goes back to the latest, or puts a label on a version.

        It holds for every recommender on the volume, and over restarts. It
        returns when the one that is asked serves accordingly; the others follow
        within a second.

        Args:
            version: A number, or "latest". With a label None takes it away.
            label: Puts this label on the version, instead of pinning it; a label
                that another version has is moved.
            timeout_s: How long it may take; a version that is not loaded is.

        Raises:
            DataLossError: The version is damaged.
            FailedPreconditionError: The control folder cannot be written.
            InvalidArgumentError: Neither version nor label, or a label that is none.
            NotFoundError: There is no such version, or no such label to take away.
            UnavailableError: The volume does not answer.
        """
        return self._unary(operations.activate(version, label), timeout_s)

    def remove_label(self, label: str, *, timeout_s: float | None = None) -> Activation:
        """Takes a label away, from whichever version has it; raises what `activate` does."""
        return self.activate(label=label, timeout_s=timeout_s)

    def wait_until_serving(self, version: int, *, timeout_s: float = 60.0) -> Fleet:
        """Waits until every recommender that is alive serves a version, or a later one.

        A version that is pinned is waited for as such: a later one does not do.
        As long as the recommender cannot be reached it is asked again.

        Args:
            version: The version's number.
            timeout_s: How long to wait at most.

        Returns:
            The recommenders, all of which serve it; if there is a `control_problem`,
            there may be others that were not seen.

        Raises:
            DeadlineExceededError: Not all of them do by then.
            NotServingError: The version was REJECTED, for example by the quality
                gate, or another one is pinned; at once.
            UnavailableError: The recommender could not be asked until then.
        """
        waiting = Waiting(version, self._connections.target(RECOMMENDER, timeout_s))
        while True:
            look = self._try(operations.look(), waiting.look_timeout_s(self._timeout_s))
            if fleet := waiting.judge(look):
                return fleet
            time.sleep(POLL_INTERVAL_S)

    def health(
        self, *services: ServiceName, live: bool = False, timeout_s: float | None = None
    ) -> list[ServiceHealth]:
        """Asks services whether they serve; raises nothing if they do not answer.

        Args:
            *services: "trainer", "recommender"; both if none is named.
            live: Ask whether the process works at all, ready or not.
            timeout_s: How long each may take.
        """
        answers = []
        for check in operations.health_checks(services, live=live):
            answer = self._try(check, timeout_s)
            answers.append(health_of(self._connections.target(check.service, timeout_s), answer))
        return answers
