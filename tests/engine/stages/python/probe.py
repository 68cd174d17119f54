import sqlite3
import ssl
import sys

import flask
import requests

app = flask.Flask(__name__)


@app.cli.command("page")
def page() -> None:
    with sqlite3.connect(":memory:") as found:
        (greeting,) = found.execute("select 'good day'").fetchone()
    roots = len(ssl.create_default_context(cafile=requests.certs.where()).get_ca_certs()) > 50
    print(sys.prefix, roots, flask.render_template("page.html", greeting=greeting))
