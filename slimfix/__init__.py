"""slimfix rewrites Dockerfiles so that their images get smaller and their layers cache better."""

__version__ = "0.1.0"
