import sys

import magic

for name in sys.argv[1:]:
    print(name, magic.from_file(name, mime=True))
