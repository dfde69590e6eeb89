"""Pictures of real runs, for the README: `make pictures` takes them again."""
