import click


@click.command()
@click.argument("text", default="")
def main(text):
    """Count letters."""
    click.echo(len(text))
