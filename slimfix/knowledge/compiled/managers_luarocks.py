"""Made of managers/luarocks.toml by scripts/compile_tables.py."""

CHECKSUM = "b89c485b"
TABLE = {'source': ['https://github.com/luarocks/luarocks/blob/main/docs/config_file_format.md (local_cache)'], 'programs': ['luarocks', 'luarocks-[0-9.]+'], 'valued': ['--tree', '--server', '--only-server', '--lua-dir', '--lua-version', '--timeout', '--to'], 'fills': ['install', 'build', 'make'], 'cache': ['~/.cache/luarocks'], 'clean': 'rm -rf ~/.cache/luarocks'}
