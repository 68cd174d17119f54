"""Made of managers/install2.toml by scripts/compile_tables.py."""

CHECKSUM = "a2e75ae3"
TABLE = {'source': ["littler's install2.r: R keeps sources in downloaded_packages below its temporary directory"], 'programs': ['install2\\.r'], 'valued': ['-l', '--libloc', '-r', '--repos', '-n', '--ncpus', '-d', '--deps', '-t', '--type'], 'fills': ['.*'], 'cache': ['/tmp/downloaded_packages'], 'clean': 'rm -rf /tmp/downloaded_packages', 'chosen': ['--download-only']}
