"""Made of managers/install.r.toml by scripts/compile_tables.py."""

CHECKSUM = "273bc48a"
TABLE = {'source': ["littler's install.r: install.packages() in a program whose temporary directory is /tmp itself"], 'programs': ['install\\.r'], 'fills': ['.*'], 'cache': ['/tmp/downloaded_packages'], 'clean': 'rm -rf /tmp/downloaded_packages'}
