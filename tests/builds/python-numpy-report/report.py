import numpy
from tabulate import tabulate

print(tabulate(numpy.eye(3, dtype=int).tolist()))
