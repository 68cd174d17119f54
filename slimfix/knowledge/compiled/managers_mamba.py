"""Made of managers/mamba.toml by scripts/compile_tables.py."""

CHECKSUM = "5e5f5f3d"
TABLE = {'source': ['https://mamba.readthedocs.io/en/latest/user_guide/micromamba.html', 'https://micromamba-docker.readthedocs.io/en/latest/quick_start.html (clean --all --yes)'], 'programs': ['mamba', 'micromamba'], 'valued': ['-n', '--name', '-p', '--prefix', '-c', '--channel', '-f', '--file', '-r', '--root-prefix', '--platform'], 'fills': ['install', 'create', 'update|upgrade', 'env create|update'], 'cache': ['/opt/conda/pkgs', '~/micromamba/pkgs', '~/.mamba/pkgs'], 'clean': '{} clean --all --yes', 'cleaned-by': ['clean'], 'dirs': ['CONDA_PKGS_DIRS'], 'offline': ['--offline'], 'unless': ['always_softlink', 'allow_softlinks', 'ALWAYS_SOFTLINK']}
