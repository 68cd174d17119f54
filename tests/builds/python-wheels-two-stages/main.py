from dateutil import parser

print(parser.parse("2020-02-29").isoformat())
