"""What a RUN says: logical text, then a tree of commands and words with their place in the file."""

from slimfix.shell.logical import Logical
from slimfix.shell.read import Opaque
from slimfix.shell.script import Argument, Command, Script

__all__ = ["Argument", "Command", "Logical", "Opaque", "Script"]
