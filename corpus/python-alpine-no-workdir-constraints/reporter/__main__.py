import sys

import requests
from lxml import etree


def main(url):
    page = requests.get(url, timeout=10)
    tree = etree.HTML(page.content)
    print(tree.findtext(".//title"))


if __name__ == "__main__":
    main(sys.argv[1])
