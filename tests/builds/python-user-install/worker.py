import getpass

import httpx

print(getpass.getuser(), httpx.__version__)
