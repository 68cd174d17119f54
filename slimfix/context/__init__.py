"""The build context: the files that stand beside the Dockerfile, as the builder would see them.

A read-only view of a directory after ``.dockerignore``. Nothing outside the directory is read, and
nothing is looked at before it is asked for: a question about one path costs a few ``lstat`` calls,
and only a glob lists directories, those alone that it can match in.

Paths are relative to the root of the context and written with slashes. ``/a``, ``./a`` and ``a/``
all mean ``a``, and ``..`` does not lead above the root, as in COPY; the root itself is ``.``.

A symbolic link is an entry of its own kind. It is followed only inside the context: one that is
absolute, leads out or dangles is there, but has nothing to read.
"""

from slimfix.context.sources import FileSource, Kind, Link
from slimfix.context.view import BuildContext

__all__ = ["BuildContext", "FileSource", "Kind", "Link"]
