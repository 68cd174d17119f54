"""Made of managers/xbps.toml by scripts/compile_tables.py."""

CHECKSUM = "c437c3fd"
TABLE = {'source': ['xbps-install(1), xbps-remove(1): the packages lie in /var/cache/xbps'], 'programs': ['xbps-install'], 'root': True, 'valued': ['-R', '--repository', '-r', '--rootdir', '-C', '--config', '-c', '--cachedir'], 'fills': ['', '.*'], 'cache': ['/var/cache/xbps'], 'clean': 'rm -rf /var/cache/xbps/*', 'chosen': ['-r', '--rootdir', '-c', '--cachedir']}
