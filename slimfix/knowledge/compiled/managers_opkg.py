"""Made of managers/opkg.toml by scripts/compile_tables.py."""

CHECKSUM = "b62b1dfc"
TABLE = {'source': ['https://openwrt.org/docs/guide-user/additional-software/opkg (the lists lie in /var/opkg-lists)'], 'programs': ['opkg'], 'root': True, 'valued': ['-d', '--dest', '-o', '--offline-root', '-f', '--conf', '-t', '--tmp-dir', '-l', '--lists-dir', '--cache'], 'chosen': ['-o', '--offline-root', '-l', '--lists-dir', '-f', '--conf'], 'lists': {'fills': ['update'], 'paths': ['/var/opkg-lists'], 'clean': 'rm -rf /var/opkg-lists/*', 'harmless': ['update', 'remove', 'list-installed', 'status', 'files', 'flag', 'configure', 'print-architecture']}}
