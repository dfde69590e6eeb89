"""The long tests use what the end-to-end ones use."""

from tests.e2e.conftest import authority, make, names, own_data_folder, server, stacks

__all__ = ["authority", "make", "names", "own_data_folder", "server", "stacks"]
