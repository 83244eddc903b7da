"""The tests; a package so that they can share helpers, as in `from tests.oracles.x import y`."""
