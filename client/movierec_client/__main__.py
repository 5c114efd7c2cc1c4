"""`python -m movierec_client` is `movierec`."""

from movierec_client.cli.main import main

main()
