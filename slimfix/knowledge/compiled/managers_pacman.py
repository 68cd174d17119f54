"""Made of managers/pacman.toml by scripts/compile_tables.py."""

CHECKSUM = "c1c9f9d2"
TABLE = {'source': ['pacman(8)', 'pacman src/pacman/sync.c: -Scc asks with "no" as its default, so --noconfirm empties nothing'], 'programs': ['pacman'], 'root': True, 'valued': ['-b', '--dbpath', '-r', '--root', '--cachedir', '--config', '--gpgdir', '--hookdir', '--logfile', '--ignore', '--overwrite', '--arch'], 'fills': ['-S[yuwvq]*', '-[yu]+S[yu]*', '-U[v]*', '--sync', '--upgrade'], 'cache': ['/var/cache/pacman/pkg'], 'clean': 'rm -rf /var/cache/pacman/pkg/*', 'cleaned-by': ['-Sc+', '--clean'], 'chosen': ['-r', '--root', '--cachedir', '-b', '--dbpath', '--sysroot'], 'families': ['arch']}
