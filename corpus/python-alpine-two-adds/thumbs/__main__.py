from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg2  # noqa: F401
from PIL import Image  # noqa: F401


class Ping(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"pong")


HTTPServer(("", 5000), Ping).serve_forever()
