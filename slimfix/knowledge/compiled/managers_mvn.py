"""Made of managers/mvn.toml by scripts/compile_tables.py."""

CHECKSUM = "67a5cfc6"
TABLE = {'source': ['https://maven.apache.org/guides/mini/guide-configuring-maven.html#configuring-your-local-repository'], 'programs': ['mvn', 'mvnw', 'mvnd'], 'valued': ['-f', '--file', '-s', '--settings', '-P', '--activate-profiles', '-pl', '--projects', '-T', '--threads', '-gs'], 'fills': ['clean|package|install|verify|compile|test|deploy'], 'cache': ['~/.m2/repository'], 'clean': 'rm -rf ~/.m2/repository', 'chosen': ['-o', '--offline'], 'unless': ['maven\\.repo\\.local', '\\.m2/repository', 'classpath', 'go-offline', 'spring-boot:run', 'exec:'], 'purpose': ['dependency:.*', '.*:.*', 'install'], 'reused': True, 'assumes': 'nothing that runs later reads the local Maven repository'}
