"""Made of managers/pecl.toml by scripts/compile_tables.py."""

CHECKSUM = "487ccb8c"
TABLE = {'source': ['https://github.com/docker-library/docs/blob/master/php/content.md (pecl install)', '`pecl config-show`: temp_dir, download_dir and cache_dir are below /tmp/pear'], 'programs': ['pecl'], 'root': True, 'valued': ['-d', '-D', '-c', '-C'], 'fills': ['install', 'upgrade', 'upgrade-all', 'download'], 'cache': ['/tmp/pear'], 'clean': 'rm -rf /tmp/pear', 'chosen': ['-d', '-D']}
