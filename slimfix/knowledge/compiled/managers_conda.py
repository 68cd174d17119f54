"""Made of managers/conda.toml by scripts/compile_tables.py."""

CHECKSUM = "bd6ccd0b"
TABLE = {'source': ['https://docs.conda.io/projects/conda/en/stable/commands/clean.html (why not --force-pkgs-dirs, too)'], 'programs': ['conda'], 'valued': ['-n', '--name', '-p', '--prefix', '-c', '--channel', '-f', '--file', '--solver', '--repodata-fn', '--revision', '--subdir', '--platform'], 'fills': ['install', 'create', 'update|upgrade', 'env create|update'], 'cache': ['/opt/conda/pkgs', '~/.conda/pkgs', '~/miniconda3/pkgs'], 'clean': '{} clean --all --yes', 'cleaned-by': ['clean'], 'dirs': ['CONDA_PKGS_DIRS'], 'offline': ['--offline'], 'unless': ['always_softlink', 'allow_softlinks', 'ALWAYS_SOFTLINK']}
