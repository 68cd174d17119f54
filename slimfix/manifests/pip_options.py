"""The options of ``pip install``, sorted by what they do with files, and how a command line is read.

Facts from the manual of pip 26 and from what its option parser (Python's optparse) accepts: values glued to
a short option, short flags in one word, long names cut short. A few options that older pips had are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from slimfix.manifests import Cannot

EFFECTS: dict[str, str] = {
    option: effect
    for effect, options in {
        # Takes no value, opens no file.
        "flag": """
            --break-system-packages --check-build-dependencies --compile --debug
            --disable-pip-version-check --dry-run --force-reinstall --help --ignore-installed
            --ignore-requires-python --isolated --no-build-isolation --no-cache-dir --no-clean --no-color
            --no-compile --no-dependencies --no-deps --no-index --no-input --no-proxy-env
            --no-python-version-warning --no-require-hashes --no-use-pep517 --no-use-wheel --no-user
            --no-warn-conflicts --no-warn-script-location --only-dependencies --only-deps --pre
            --prefer-binary --process-dependency-links --quiet --require-hashes --require-venv
            --require-virtualenv --upgrade --use-pep517 --use-wheel --user --verbose""",
        # Takes a value that is no path.
        "value": """
            --abi --all-releases --build-option --config-settings --default-timeout --exists-action
            --global-option --hash --implementation --install-option --keyring-provider --no-binary
            --only-binary --only-final --platform --progress-bar --proxy --python-version
            --refresh-package --resume-retries --retries --root-user-action --timeout --trusted-host
            --upgrade-strategy --uploaded-prior-to --use-deprecated --use-feature""",
        # An address where packages are looked for; a directory will do as well.
        "index": "--extra-index-url --index-url --pypi-url",
        "links": "--find-links",
        # A path that pip writes to, or reads as something else than a manifest.
        "path": """
            --build --build-dir --build-directory --cache-dir --cert --client-cert --local-log --log
            --log-file --prefix --python --report --root --source --source-dir --source-directory --src
            --target""",
        "requirements": "--build-constraint --constraint --requirement",
        "editable": "--editable",
        "project": "--group --requirements-from-script",
    }.items()
    for option in options.split()
}
"""Each long option, and what it does."""

_SHORT = {
    "-C": "--config-settings",
    "-I": "--ignore-installed",
    "-U": "--upgrade",
    "-b": "--build",
    "-c": "--constraint",
    "-e": "--editable",
    "-f": "--find-links",
    "-h": "--help",
    "-i": "--index-url",
    "-q": "--quiet",
    "-r": "--requirement",
    "-t": "--target",
    "-v": "--verbose",
}

VALUED = tuple(
    [option for option, effect in EFFECTS.items() if effect != "flag"]
    + [short for short, option in _SHORT.items() if EFFECTS.get(option) != "flag"]
)
"""The options that take the next word as their value."""


def options_of(words: Sequence[str | None]) -> Iterator[tuple[str, str, str | None]]:
    """Each option as (name, effect, value), each other word with the effect ``requirement``."""
    waiting = list(reversed(words))

    def value_of(option: str) -> str | None:
        if not waiting:
            raise Cannot(f"{option} has no value")
        return waiting.pop()

    only_requirements = False
    while waiting:
        word = waiting.pop()
        if word is None:
            raise Cannot("an argument of pip install is not literal")
        if only_requirements or not word.startswith("-") or word == "-":
            yield "", "requirement", word
        elif word == "--":
            only_requirements = True
        elif word.startswith("--"):
            option, equals, value = word.partition("=")
            effect = _effect(option)
            if effect == "flag" and equals:
                raise Cannot(f"{option} takes no value")
            given = None if effect == "flag" else value if equals else value_of(option)
            yield option, effect, given
        else:
            rest = word[1:]
            while rest:
                option, rest = f"-{rest[0]}", rest[1:]
                effect = _effect(_SHORT.get(option, option))
                if effect == "flag":
                    yield option, effect, None
                else:
                    yield option, effect, rest or value_of(option)
                    rest = ""


def _effect(option: str) -> str:
    """The effect of a long option, which may be cut short as long as it is clear what is meant."""
    if option in EFFECTS:
        return EFFECTS[option]
    meant = {effect for name, effect in EFFECTS.items() if name.startswith(option)}
    if len(meant) != 1 or not option.startswith("--"):
        raise Cannot(f"{option} is not an option that we know")
    return meant.pop()
