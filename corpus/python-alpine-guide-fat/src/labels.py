import io

from PIL import Image, ImageDraw


def draw_label(text):
    image = Image.new("RGB", (240, 80), "white")
    ImageDraw.Draw(image).text((10, 30), text, fill="black")
    out = io.BytesIO()
    image.save(out, "JPEG")
    out.seek(0)
    return out
