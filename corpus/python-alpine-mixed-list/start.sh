#!/usr/bin/env bash
set -euo pipefail

until curl -fsS "http://${BROKER_HOST:-broker}:15672/" >/dev/null; do
    sleep 1
done
exec python worker.py
