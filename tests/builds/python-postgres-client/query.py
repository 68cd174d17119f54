import psycopg2
from psycopg2.extensions import libpq_version

print(psycopg2.paramstyle, libpq_version() > 0)
