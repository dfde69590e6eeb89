"""The parts of the app: a module each, with a `router` and, if something can be missing, a `problem`."""
