"""Measures what movierec promises about speed and memory: `python -m bench`, or `make bench`.

Each table is a module with one function, `measure(setup) -> Table`; `__main__` lists them.
"""
