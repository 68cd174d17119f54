import ujson
from flask import Flask, request

app = Flask(__name__)


@app.post("/echo")
def echo():
    return ujson.dumps(request.get_json())
