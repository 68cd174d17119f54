"""Made of managers/dotnet.toml by scripts/compile_tables.py."""

CHECKSUM = "06742692"
TABLE = {'source': ['https://learn.microsoft.com/nuget/consume-packages/managing-the-global-packages-and-cache-folders', 'https://learn.microsoft.com/dotnet/core/tools/dotnet-nuget-locals'], 'programs': ['dotnet'], 'valued': ['-c', '--configuration', '-o', '--output', '-r', '--runtime', '-f', '--framework', '-s', '--source', '-v', '--tool-path', '--version'], 'fills': ['publish', 'tool install|update'], 'cache': ['~/.nuget/packages', '~/.local/share/NuGet'], 'clean': '{} nuget locals all --clear', 'cleaned-by': ['nuget locals'], 'dirs': ['NUGET_PACKAGES'], 'purpose': ['restore', 'build'], 'reused': True, 'assumes': 'nothing that runs later builds with dotnet'}
