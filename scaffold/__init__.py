"""One command takes a FastAPI app to an HTTPS address on your own server, and proves that it got there."""

__version__ = "0.1.0"
