import six
import urllib3

six.print_(urllib3.__version__)
