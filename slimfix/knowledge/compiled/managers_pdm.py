"""Made of managers/pdm.toml by scripts/compile_tables.py."""

CHECKSUM = "f7c95ea1"
TABLE = {'source': ['https://pdm-project.org/latest/reference/configuration/ (cache_dir; install.cache is off by default)', 'https://pdm-project.org/latest/reference/cli/#cache'], 'programs': ['pdm'], 'module': 'pdm', 'valued': ['-G', '--group', '-p', '--project', '-L', '--lockfile', '--without', '-c', '--config', '--venv'], 'fills': ['install', 'sync', 'add', 'update', 'lock'], 'cache': ['~/.cache/pdm'], 'clean': 'rm -rf ~/.cache/pdm', 'cleaned-by': ['cache clear'], 'dirs': ['PDM_CACHE_DIR'], 'unless': ['install[._]cache', 'INSTALL_CACHE', 'pdm\\s+(python|py)\\s+install', 'pdm\\s+config\\s+.*cache_dir'], 'mount': ['~/.cache/pdm']}
