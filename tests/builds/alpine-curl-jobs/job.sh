#!/bin/sh
curl --version | head -n 1
