#!/bin/bash
set -euo pipefail
echo '{"a": [1, 2]}' | jq -c .a
curl --version | sed -n 1p
unzip -v | sed -n 1p
