"""Made of managers/cpan.toml by scripts/compile_tables.py."""

CHECKSUM = "0420c9df"
TABLE = {'source': ['https://metacpan.org/pod/CPAN#Configuration (build_dir and keep_source_where; the settings lie beside)'], 'programs': ['cpan', 'cpan[0-9.]+'], 'valued': ['-j'], 'fills': ['.*'], 'cache': ['~/.cpan/build', '~/.cpan/sources'], 'clean': 'rm -rf ~/.cpan/build ~/.cpan/sources', 'chosen': ['-j']}
