"""Made of managers/pipenv.toml by scripts/compile_tables.py."""

CHECKSUM = "d241cf8c"
TABLE = {'source': ['https://pipenv.pypa.io/en/latest/configuration.html (PIPENV_CACHE_DIR)', "pipenv/environments.py: the default is pipenv in the user's cache directory"], 'programs': ['pipenv'], 'module': 'pipenv', 'valued': ['--python', '-i', '--index', '--pypi-mirror', '-r', '--requirements', '--categories', '-e', '--editable'], 'fills': ['install', 'sync', 'update', 'lock', 'upgrade'], 'cache': ['~/.cache/pipenv', '~/.cache/pip'], 'clean': 'rm -rf ~/.cache/pipenv ~/.cache/pip', 'chosen': ['--clear'], 'dirs': ['PIPENV_CACHE_DIR', 'PIP_CACHE_DIR'], 'mount': ['~/.cache/pip']}
