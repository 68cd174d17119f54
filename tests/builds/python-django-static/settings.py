SECRET_KEY = "only-for-a-test"
INSTALLED_APPS = ["django.contrib.staticfiles", "django.contrib.admin", "django.contrib.auth",
                  "django.contrib.contenttypes", "django.contrib.messages"]
STATIC_URL = "/static/"
STATIC_ROOT = "/code/static"
ROOT_URLCONF = "urls"
USE_TZ = True
