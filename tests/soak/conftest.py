"""The long tests use what the end-to-end ones use."""

from tests.e2e.conftest import authority, make, own_data_folder, stacks

__all__ = ["authority", "make", "own_data_folder", "stacks"]
