"""One command takes a FastAPI app to an HTTPS address on your own server, and proves that it got there."""

__version__ = "0.1.0"

# Set at the first publication. Until then a name that can never exist (RFC 2606): with a made-up one, `stack update`
# would fetch whatever a stranger puts there.
SOURCE = "https://fastapi-stack.invalid/fastapi-stack.git"
"""Where the template is published: projects record it, and are updated from it."""
