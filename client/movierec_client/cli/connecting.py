"""Makes the client of a command when the command runs, not before.

gRPC takes longer to import than everything else; help and completion do without it.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from movierec_client.client import Client


def connect(**options: Any) -> "Client":
    """Returns a client; the options are its own."""
    from movierec_client.client import Client  # noqa: PLC0415

    return Client(**options)
