#!/bin/sh
set -e
black --version
flake8 --version
