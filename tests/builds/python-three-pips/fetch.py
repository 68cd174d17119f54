import requests
import rich
import yaml

print(yaml.safe_dump({"requests": requests.__version__, "rich": bool(rich)}))
