# The upgrade ledger's service: operator, query API and command line, with a nats-server for running alone.
FROM nats:2.15.1-alpine AS nats

FROM node:24-slim AS build
COPY --from=nats /usr/local/bin/nats-server /usr/local/bin/nats-server
WORKDIR /app
COPY . .
# Installs, builds, and finds the nats-server above.
RUN node scripts/setup.mjs && npm prune --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=nats /usr/local/bin/nats-server /usr/local/bin/nats-server
WORKDIR /app
COPY --from=build /app /app
# The folders of the volumes belong to the service's user from the start.
RUN mkdir -p /data /devices && chown node:node /data /devices
USER node
VOLUME ["/data"]
EXPOSE 8080
ENTRYPOINT ["node", "packages/cli/dist/main.js"]
CMD ["serve", "--data-dir", "/data", "--http", "0.0.0.0:8080"]
