"""Made of managers/pear.toml by scripts/compile_tables.py."""

CHECKSUM = "37fad1fe"
TABLE = {'source': ['`pear config-show`: temp_dir, download_dir and cache_dir are below /tmp/pear'], 'programs': ['pear'], 'root': True, 'valued': ['-d', '-D', '-c', '-C'], 'fills': ['install', 'upgrade', 'upgrade-all', 'download'], 'cache': ['/tmp/pear'], 'clean': 'rm -rf /tmp/pear', 'chosen': ['-d', '-D']}
