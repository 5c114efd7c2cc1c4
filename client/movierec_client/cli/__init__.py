"""The command line, `movierec`; the library beside it never imports it."""
