"""Requests over HTTP, and what is said when one goes wrong."""

import http.client
import re
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from movierec_client.errors import DownloadError
from movierec_client.version import version

_MOST_TEXT_BYTES = 4096
_GONE = {404, 410}
_TRIES_OF_A_TEXT = 2


class BrokenError(Exception):
    """The connection could not be made, or broke; asking again may help. Says why."""


class StatusError(DownloadError):
    """The server answered, and not with what was asked for.

    Args:
        message: A sentence for people.
        status: The HTTP status.
    """

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


class Redirects(urllib.request.HTTPRedirectHandler):
    """Follows redirects, but never out of TLS, and to nothing but HTTP."""

    def redirect_request(  # noqa: PLR0917 - the library's signature
        self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str
    ) -> Any:
        """Returns the request to go on with.

        Raises:
            DownloadError: It leads out of TLS.
        """
        legal = ("https",) if req.type == "https" else ("http", "https")
        if urlsplit(newurl).scheme not in legal:
            raise DownloadError(
                f"{req.full_url} sends to {newurl}, which is not followed: it is not "
                f"{' or '.join(legal)}"
            )
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def check_url(url: str) -> str:
    """Returns the address of a server's folder, without a slash at its end.

    Raises:
        DownloadError: It is no address over HTTP.
    """
    try:
        parts = urlsplit(url)
        legal = parts.scheme in ("http", "https") and parts.hostname and not re.search(r"\s", url)
        _ = parts.port
    except ValueError:
        legal = False
    if not legal:
        raise DownloadError(
            f"{url!r} is no address to download from: give https://HOST/FOLDER "
            f"(--from, or MOVIEREC_DOWNLOAD_URL)"
        )
    return url.rstrip("/")


@contextmanager
def opened(url: str, headers: Mapping[str, str], timeout_s: float) -> Iterator[Any]:
    """The answer of a server: 200 or 206, and its body to be read.

    Args:
        url: What is asked for.
        headers: More headers of the request.
        timeout_s: For how long the server may say nothing.

    Raises:
        BrokenError: There is no connection, or it broke, also while the body is read.
        StatusError: The server says something else.
        DownloadError: The server is not who it should be, or sends elsewhere.
    """
    request = urllib.request.Request(  # noqa: S310 - `check_url` has seen to it
        url, headers={"User-Agent": f"movierec/{version()}", **headers}
    )
    opener = urllib.request.build_opener(Redirects)
    try:
        with opener.open(request, timeout=timeout_s) as response:
            yield response
    except urllib.error.HTTPError as error:
        with error:
            raise _status_error(url, error) from error
    except urllib.error.URLError as error:
        if isinstance(error.reason, ssl.SSLCertVerificationError):
            raise _not_trusted(url, error.reason) from error
        raise BrokenError(_why(error.reason)) from error
    except ValueError as error:  # A redirect may lead to what is no address.
        raise DownloadError(f"{url} cannot be fetched: {error}") from error
    except (OSError, http.client.HTTPException) as error:
        raise BrokenError(_why(error)) from error


def text_at(url: str, timeout_s: float) -> str | None:
    """Returns a short text, or None where there is none.

    Raises:
        DownloadError: It cannot be fetched.
    """
    for left in reversed(range(_TRIES_OF_A_TEXT)):
        try:
            with opened(url, {}, timeout_s) as response:
                content: bytes = response.read(_MOST_TEXT_BYTES)
                return content.decode("ascii", errors="replace")
        except StatusError as error:
            if error.status in _GONE:
                return None
            raise
        except BrokenError as error:
            if not left:
                raise DownloadError(f"{url} cannot be fetched ({error}): try again") from error
    return None


def _status_error(url: str, error: urllib.error.HTTPError) -> StatusError:
    name = http.client.responses.get(error.code, "")  # `error.msg` may be of several lines.
    said = f"the server says {error.code} {name}".rstrip()
    elsewhere = "(--from, or MOVIEREC_DOWNLOAD_URL)"
    if 300 <= error.code < 400:
        what = f"{url} leads nowhere that is followed ({said}): give another address {elsewhere}"
    elif error.code in _GONE:
        what = f"{url} is not there ({said}): check the address {elsewhere}"
    else:
        what = f"{url} cannot be fetched now ({said}): try again later"
    return StatusError(what, status=error.code)


def _not_trusted(url: str, error: ssl.SSLCertVerificationError) -> DownloadError:
    return DownloadError(
        f"the certificate of {urlsplit(url).hostname} is not accepted ({error.verify_message}): "
        f"try again later, or see to it that Python knows your certificates (SSL_CERT_FILE)"
    )


def _why(error: object) -> str:
    """Returns what was wrong with a connection, in a few words."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, http.client.IncompleteRead):
        return "it broke off"
    if isinstance(error, http.client.HTTPException):
        return f"the answer is not HTTP: {type(error).__name__}"
    if isinstance(error, OSError):
        return error.strerror or str(error) or type(error).__name__
    return str(error)
