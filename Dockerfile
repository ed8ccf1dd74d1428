# One image for the API and the worker. Not built by the project's own checks, which have no container engine.
FROM python:3.11-slim-bookworm AS build

ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never VIRTUAL_ENV=/opt/creatorscope
RUN pip install --no-cache-dir uv==0.13.8 && uv venv "$VIRTUAL_ENV"

# Dependencies first: they change less often than the code. Every file is checked against its hash, and --no-deps keeps
# what one of them declares and we do not use (torch) out.
WORKDIR /src
COPY requirements.lock ./
RUN uv pip install --no-cache --no-deps --require-hashes -r requirements.lock

COPY pyproject.toml README.md LICENSE ./
COPY creators ./creators
COPY mappings ./mappings
COPY fetchers ./fetchers
COPY enrich ./enrich
COPY indexers ./indexers
COPY search ./search
COPY api ./api
COPY stack ./stack
COPY simulator ./simulator
RUN uv pip install --no-cache --no-deps .

FROM python:3.11-slim-bookworm

# Volumes take the owner of the folder that they are mounted on, so both exist before anything is mounted.
RUN useradd --system --uid 10001 --create-home creatorscope \
    && install -d -o creatorscope -g creatorscope /data /cache
COPY --from=build /opt/creatorscope /opt/creatorscope

ENV PATH=/opt/creatorscope/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER creatorscope
WORKDIR /home/creatorscope
EXPOSE 8000
CMD ["creatorscope", "serve"]
