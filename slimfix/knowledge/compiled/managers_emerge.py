"""Made of managers/emerge.toml by scripts/compile_tables.py."""

CHECKSUM = "29471a2e"
TABLE = {'source': ['emerge(1); https://wiki.gentoo.org/wiki/DISTDIR (sources lie in /var/cache/distfiles)', 'https://wiki.gentoo.org/wiki/Binary_package_guide (PKGDIR, which is not touched)'], 'programs': ['emerge'], 'root': True, 'valued': ['-j', '--jobs', '-l', '--load-average', '--root', '--config-root', '-D', '--deep', '-X', '--exclude'], 'fills': ['.*'], 'cache': ['/var/cache/distfiles'], 'clean': 'rm -rf /var/cache/distfiles/*', 'chosen': ['--root', '--config-root', '-p', '--pretend', '-f', '--fetchonly', '-s', '--search', '--sync', '--info'], 'dirs': ['DISTDIR']}
