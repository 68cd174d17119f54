"""Made of managers/mix.toml by scripts/compile_tables.py."""

CHECKSUM = "45d957ce"
TABLE = {'source': ['https://hex.pm/docs/usage and hex/lib/hex/state.ex (~/.hex; its packages are tarballs)'], 'programs': ['mix'], 'fills': ['deps\\.get', 'deps\\.update'], 'cache': ['~/.hex/packages'], 'clean': 'rm -rf ~/.hex/packages', 'dirs': ['HEX_HOME'], 'offline': ['HEX_OFFLINE']}
