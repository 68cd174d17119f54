import sys

import attrs
import click

click.echo(f"{attrs.__name__} {sys.prefix}")
