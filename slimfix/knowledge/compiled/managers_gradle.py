"""Made of managers/gradle.toml by scripts/compile_tables.py."""

CHECKSUM = "a9ae2e8b"
TABLE = {'source': ['https://docs.gradle.org/current/userguide/directory_layout.html#dir:gradle_user_home'], 'programs': ['gradle', 'gradlew'], 'valued': ['-p', '--project-dir', '-b', '--build-file', '-c', '--settings-file', '-x', '--exclude-task', '-g', '-I'], 'fills': ['.*'], 'cache': ['~/.gradle/caches'], 'clean': 'rm -rf ~/.gradle/caches', 'chosen': ['--offline', '-g', '--gradle-user-home'], 'dirs': ['GRADLE_USER_HOME'], 'needs': ['--no-daemon', 'org\\.gradle\\.daemon=false'], 'purpose': ['dependencies', 'resolveDependencies', 'downloadDependencies', '--version', 'wrapper'], 'reused': True, 'assumes': 'nothing that runs later builds with Gradle', 'only': ['^(?!(.*/)?gradle:).*']}
