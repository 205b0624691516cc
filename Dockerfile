# Holdfast as a container: one binary with its page in it, on a base without a shell.
#   docker build -t holdfast .
#   docker run -p 8080:8080 -e DATABASE_URL=… -e HOLDFAST_MODE=production -e HOLDFAST_AUDIT_KEY=… … holdfast
# Postgres lies outside, and it is built without the demonstration: `holdfast demo`, which brings its own, is for a Debian machine (`make run`).
FROM rust:1.95-bookworm AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl xz-utils \
    && rm -rf /var/lib/apt/lists/*
COPY --from=node:20-bookworm-slim /usr/local/bin/node /usr/local/bin/node
COPY --from=node:20-bookworm-slim /usr/local/lib/node_modules /usr/local/lib/node_modules
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
WORKDIR /src
COPY . .
ENV CARGO_TARGET_DIR=/src/target HOLDFAST_CACHE=/src/.cache
RUN scripts/setup node && scripts/setup wasm && cargo xtask page \
    && cargo build --locked --profile dist --package holdfast-server --no-default-features

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/target/dist/holdfast /usr/local/bin/holdfast
# The numeric id of `nonroot`, so that an orchestrator can see that it is not root.
USER 65532
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/holdfast"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
