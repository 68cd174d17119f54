import pathlib

from PIL import Image

for path in pathlib.Path("photos").glob("*.jpg"):
    with Image.open(path) as image:
        print(path.name, image.size)
