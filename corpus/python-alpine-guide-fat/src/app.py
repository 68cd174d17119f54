from flask import Flask, send_file

from labels import draw_label

app = Flask(__name__)


@app.get("/label/<text>")
def label(text):
    return send_file(draw_label(text), mimetype="image/jpeg")


if __name__ == "__main__":
    app.run(host="0.0.0.0", port=8080)
