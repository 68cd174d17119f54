USER web
ENTRYPOINT ["curl"]
