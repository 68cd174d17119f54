SECRET_KEY = "only-for-the-build"
INSTALLED_APPS = ["django.contrib.staticfiles"]
STATIC_URL = "/static/"
STATIC_ROOT = "/home/app/static"
