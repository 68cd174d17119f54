import yaml

print(yaml.safe_dump({"agent": "ready"}))
