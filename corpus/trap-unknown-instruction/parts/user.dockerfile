RUN adduser -D web
USER root
