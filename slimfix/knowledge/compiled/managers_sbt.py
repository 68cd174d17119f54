"""Made of managers/sbt.toml by scripts/compile_tables.py."""

CHECKSUM = "e0248011"
TABLE = {'source': ["https://www.scala-sbt.org/1.x/docs/Dependency-Management-Flow.html (coursier's cache)"], 'programs': ['sbt'], 'valued': ['-mem', '-java-home', '-D'], 'fills': ['compile|assembly|stage|package|dist|.*:(stage|dist|assembly|packageBin)'], 'cache': ['~/.cache/coursier', '~/.ivy2/cache'], 'clean': 'rm -rf ~/.cache/coursier ~/.ivy2/cache', 'dirs': ['COURSIER_CACHE'], 'purpose': ['update', 'sbtVersion', 'reload'], 'reused': True, 'assumes': 'nothing that runs later builds with sbt'}
