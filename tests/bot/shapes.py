"""Files of repositories as people have them, written for the tests."""

from __future__ import annotations

ALPINE = "FROM alpine:3.20\nRUN apk add gcc musl-dev python3 py3-pip\nRUN pip install numpy\n"
"""An Alpine image with compilers left in: several rules, one of them with a saving and an assumption."""
PIP = "FROM python:3.12-slim\nRUN pip install flask\n"
"""One safe fix of one rule."""
CLEAN = "FROM python:3.12-slim\nRUN pip install --no-cache-dir flask\n"
"""Nothing to fix."""
NODE = """\
FROM node:20-slim
WORKDIR /app
COPY . .
RUN npm ci
CMD ["node", "server.js"]
"""
"""Copies everything before it installs."""
APT = "FROM debian:12\nRUN apt-get update\nRUN apt-get install -y curl\nRUN rm -rf /var/lib/apt/lists/*\n"
"""Cleans up in a layer that no longer helps."""
