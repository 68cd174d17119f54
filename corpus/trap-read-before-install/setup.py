from pathlib import Path

from setuptools import setup

setup(
    name="stall",
    version=Path("VERSION").read_text().strip(),
    packages=["stall"],
    extras_require={"extra": ["idna"]},
)
