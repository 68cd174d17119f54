import io

import PIL.Image

file = io.BytesIO()
PIL.Image.new("L", (9, 9)).save(file, "jpeg")
print(len(file.getvalue()), "bytes of jpeg")
