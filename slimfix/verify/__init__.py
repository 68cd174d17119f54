"""Before and after, built by a real container engine and compared.

The other parts of slimfix argue that a rewrite is right; this one measures it. :func:`compare.compare`
builds two Dockerfiles in one build context, reads both images, runs what it was told to run in both,
and gives a :class:`findings.Comparison`; :mod:`verdict` says what that means, :mod:`blame` which fix is
at fault, and :mod:`report` tells it. Nothing is imported from here but by the command line.
"""
