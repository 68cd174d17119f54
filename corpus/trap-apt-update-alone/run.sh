#!/bin/sh
memcached -u nobody -d
exec redis-server --bind 0.0.0.0
