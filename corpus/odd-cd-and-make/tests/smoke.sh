#!/bin/sh
set -e
crunch | grep '^zlib '
