"""The shop behind the counter."""
