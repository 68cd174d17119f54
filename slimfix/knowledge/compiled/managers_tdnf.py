"""Made of managers/tdnf.toml by scripts/compile_tables.py."""

CHECKSUM = "9a937168"
TABLE = {'source': ['https://github.com/vmware/tdnf/wiki (clean all)'], 'programs': ['tdnf'], 'valued': ['-c', '--config', '--disablerepo', '--enablerepo', '--installroot', '--releasever', '--exclude', '--setopt', '--repo'], 'fills': ['install', 'update|upgrade', 'reinstall', 'makecache', 'downgrade', 'distro-sync'], 'cache': ['/var/cache/tdnf'], 'clean': '{} clean all', 'cleaned-by': ['clean'], 'chosen': ['--installroot', '-C', '--cacheonly'], 'offline': ['-C', '--cacheonly']}
