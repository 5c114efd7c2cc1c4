"""What both services are mounted on: settings, errors, server and shutdown."""
