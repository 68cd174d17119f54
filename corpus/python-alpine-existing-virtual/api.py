from wsgiref.simple_server import make_server

import falcon

app = falcon.App()

if __name__ == "__main__":
    with make_server("", 8000, app) as server:
        server.serve_forever()
