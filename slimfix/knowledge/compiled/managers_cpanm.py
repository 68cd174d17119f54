"""Made of managers/cpanm.toml by scripts/compile_tables.py."""

CHECKSUM = "292165ce"
TABLE = {'source': ['https://metacpan.org/dist/App-cpanminus/view/bin/cpanm (~/.cpanm holds downloads, builds and logs)'], 'programs': ['cpanm'], 'valued': ['-l', '--local-lib', '-L', '--local-lib-contained', '--mirror', '-M', '--from', '--configure-timeout'], 'fills': ['', '.*'], 'cache': ['~/.cpanm'], 'clean': 'rm -rf ~/.cpanm', 'chosen': ['--save-dists', '--reinstall-from'], 'dirs': ['PERL_CPANM_HOME']}
