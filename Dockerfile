# The same steps as the Makefile's, with the runtime lock only.
FROM python:3.11-slim

RUN useradd --create-home careplan
WORKDIR /app
COPY requirements/runtime.lock requirements/runtime.lock
RUN python -m pip install --no-cache-dir --require-hashes -r requirements/runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY src src
RUN python -m pip install --no-cache-dir --no-deps .

USER careplan
WORKDIR /home/careplan
VOLUME /home/careplan/var
EXPOSE 8000
CMD ["careplan", "serve", "--host", "0.0.0.0"]
