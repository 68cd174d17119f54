from setuptools import Extension, setup

setup(name="probe", version="1", ext_modules=[Extension("probe", ["probe.c"], libraries=["pq", "ffi"])])
