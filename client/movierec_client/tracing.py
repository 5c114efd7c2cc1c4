"""The trace that a call belongs to, told to the server where the caller has one.

OpenTelemetry is no dependency of the client: only an application that has loaded it can have a
trace.
"""

import sys

Metadata = tuple[tuple[str, str], ...]


def trace_metadata() -> Metadata | None:
    """Returns what tells a server of the current trace, by the propagators that are set.

    By default these are W3C's trace context and baggage (https://www.w3.org/TR/trace-context/).

    Returns:
        Keys and values; None if there is nothing to tell.
    """
    if "opentelemetry.trace" not in sys.modules:
        return None
    from opentelemetry import propagate  # noqa: PLC0415  # where it is not there, nothing is

    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    # The keys of metadata are in lower case, which some propagators do not write.
    return tuple((key.lower(), value) for key, value in carrier.items()) or None
