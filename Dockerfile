# CPU only. Not built or run by the project's tests: a recipe, no promise.
#   docker build -t viton . && docker run --rm -v "$PWD:/work" viton tryon --person people --clothes clothes --out out
FROM python:3.11-slim
RUN pip install --no-cache-dir torch torchvision --index-url https://download.pytorch.org/whl/cpu
COPY . /src
RUN pip install --no-cache-dir /src && rm -rf /src
WORKDIR /work
ENTRYPOINT ["viton"]
CMD ["--help"]
