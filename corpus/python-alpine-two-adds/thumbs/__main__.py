from http.server import BaseHTTPRequestHandler, HTTPServer

import psycopg2
from PIL import Image


class Ping(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"pong")


HTTPServer(("", 5000), Ping).serve_forever()
