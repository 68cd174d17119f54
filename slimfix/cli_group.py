"""The group of commands: a default one, and those that are imported only when they are asked for."""

from __future__ import annotations

import click
from click_default_group import DefaultGroup


class Group(DefaultGroup):  # type: ignore[misc]  # click-default-group has no types
    """Shows the options of the default command as its own."""

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the help of the command that runs when none is named, and the list of the others."""
        fix = self.commands["fix"]
        fix.format_usage(ctx, formatter)
        fix.format_help_text(ctx, formatter)
        fix.format_options(ctx, formatter)
        self.format_commands(ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names of all commands."""
        return [*super().list_commands(ctx), "bot", "verify"]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name; the default one for what is no name."""
        if name == "verify":
            from slimfix.verify.cli import verify

            return verify
        if name == "bot":
            from slimfix.bot.cli import bot

            return bot
        found: click.Command | None = super().get_command(ctx, name)
        return found
