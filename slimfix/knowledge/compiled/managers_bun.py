"""Made of managers/bun.toml by scripts/compile_tables.py."""

CHECKSUM = "babe7efd"
TABLE = {'source': ['https://bun.sh/docs/install/cache', 'https://bun.sh/docs/cli/pm (cache rm)'], 'programs': ['bun'], 'valued': ['--cwd', '--registry', '--cache-dir', '-c', '--config', '--backend'], 'fills': ['install|i', 'add|a', 'update'], 'cache': ['~/.bun/install/cache'], 'clean': 'rm -rf ~/.bun/install/cache', 'cleaned-by': ['pm cache rm'], 'chosen': ['--cache-dir', '--backend'], 'dirs': ['BUN_INSTALL_CACHE_DIR', 'BUN_INSTALL'], 'off': {'BUN_CONFIG_NO_CACHE': ['', '0', 'false']}, 'unless': ['install\\.cache', 'bunfig\\.toml', '--backend'], 'beside': {'bunfig.toml': 'backend|cache', '*/bunfig.toml': 'backend|cache'}}
