"""Dockerfiles, read without losing a byte."""

from slimfix.dockerfile.instruction import Instruction, Stage
from slimfix.dockerfile.model import Dockerfile
from slimfix.dockerfile.state import Base, Shell, State
from slimfix.dockerfile.tiles import ParseError, Tile

__all__ = ["Base", "Dockerfile", "Instruction", "ParseError", "Shell", "Stage", "State", "Tile"]
