"""Test equipment: a Docker Engine and images on a machine that may have neither.

Standard library only, because it runs before the virtual environment exists.
Nothing in ``scaffold/`` or ``template/`` knows of it.
"""
