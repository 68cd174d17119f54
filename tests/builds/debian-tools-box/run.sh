#!/bin/bash
set -euo pipefail
echo '{"a": [1, 2]}' | jq -c .a
curl --version | head -n 1
unzip -v | head -n 1
