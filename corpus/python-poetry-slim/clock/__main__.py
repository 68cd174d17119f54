import datetime

import six

six.print_(datetime.datetime.now().isoformat())
