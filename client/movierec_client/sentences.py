"""What an error of a call says to people: the server's sentence, or ours in its place."""

import re

import grpc

from movierec_client.services import Target
from movierec_client.version import version

# In gRPC's own words; it has no other way of saying so.
_NOT_SERVING = "backend unhealthy"
_TOO_LARGE = re.compile(
    r"(?:(CLIENT|SERVER): )?(?:Received|Sent) message larger than max \((\d+) vs. (\d+)\)"
)


def sentence_for(
    code: grpc.StatusCode, said: str | None, reason: str, target: Target, server_version: str = ""
) -> str:
    """Returns what an error says.

    Args:
        code: Its status.
        said: What came with it.
        reason: What the server says that it is, if it was the server that spoke.
        target: Where the call went.
        server_version: The server's movierec, if it is known.
    """
    if reason and said:
        return said
    name, where = target.service.name, f"the {target.service.name} at {target.address}"
    if code is grpc.StatusCode.UNAVAILABLE:
        return _unavailable(said or "no connection", name, where, target.service.variable)
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return (
            f"{where} did not finish within {target.timeout_s:g} s: allow more time "
            f"(--timeout, or timeout_s=... in Python), or check the address"
        )
    if code is grpc.StatusCode.UNIMPLEMENTED:
        server = f"it is movierec {server_version}" if server_version else "it is older"
        return (
            f"{where} does not know this call: {server}, and this client is movierec {version()}; "
            f"use the same version on both sides, or check the address"
        )
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and (sizes := _TOO_LARGE.search(said or "")):
        return _too_large(where, *sizes.groups())
    return f"the call to {where} ended with {code.name}" + (f": {said}" if said else "")


def _unavailable(said: str, name: str, where: str, variable: str) -> str:
    cause = said.rpartition("last error: ")[2].rpartition("to remote host: ")[2]
    if cause.endswith(_NOT_SERVING):
        return (
            f"{where} is there, but does not serve: it has no version to answer with, or one that "
            f"is older than MOVIEREC_MAX_AGE_S allows, or is being stopped (`movierec versions` "
            f"says more); or the address is another service's"
        )
    return (
        f"{where} cannot be reached ({cause}): start it, or give its address "
        f"(--{name}, {variable}, or {name}=... in Python)"
    )


def _too_large(where: str, side: str | None, size: str, limit: str) -> str:
    if side == "SERVER":
        return (
            f"the request is too large for {where}: {int(size):,} bytes, and it takes "
            f"{int(limit):,}; send less at once"
        )
    return (
        f"the answer of {where} is too large for this client: {int(size):,} bytes, and it takes "
        f"{int(limit):,}; ask for less at once, or allow more (max_message_bytes=... in Python)"
    )
