"""Several processes that answer on one port, from the same memory."""
