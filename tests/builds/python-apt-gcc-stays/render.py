import markupsafe._speedups
from jinja2 import Template

print(Template("{{ text|e }}").render(text="<b>"), markupsafe._speedups.__name__)
