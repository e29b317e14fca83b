import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { ConfigurationError, hasCode } from "@lovage/foundation";
import type { Log } from "@lovage/foundation";
import { formatAddress, isLoopback } from "../values/read-address.ts";
import type { Address } from "../values/read-address.ts";
import { prometheusText, prometheusType } from "./prometheus-text.ts";
import type { Verdict } from "../../worker/worker-health.ts";
import type { Report } from "./report.ts";

/** What is served where. */
export interface HttpEndpointOptions {
  readonly address: Address;
  readonly version: string;
  readonly log: Log;
  /** Answers within a second or so; asked once for each request. */
  readonly report: () => Promise<Report>;
}

/** A running server. */
export interface HttpEndpoint {
  /** Where it listens, with the port that was chosen for port 0. */
  readonly address: Address;
  /** Stops listening and ends all requests. Idempotent. */
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

const maxConnections = 100;
const requestTimeoutMs = 5_000;

/**
 * Serves `/live`, `/ready` (200 or 503, with reasons) and `/metrics` over plain HTTP.
 * @throws CONFIGURATION_INVALID when the address cannot be used
 */
export async function openHttpEndpoint(options: HttpEndpointOptions): Promise<HttpEndpoint> {
  const { address, log } = options;
  const server = createServer({ requestTimeout: requestTimeoutMs, keepAliveTimeout: requestTimeoutMs });
  server.maxConnections = maxConnections;
  server.on("request", (request, response) => {
    answer(request, options).then(
      (given) => send(request, response, given),
      (error: unknown) => {
        log.warn("http request failed", { path: request.url, error });
        send(request, response, json(500, { error: "internal error" }));
      },
    );
  });
  const { port } = await listen(server, address);
  const bound = { host: address.host, port };
  log.info("http endpoints", { address: formatAddress(bound), paths: ["/live", "/ready", "/metrics"] });
  if (!isLoopback(address.host)) {
    log.warn("http endpoints are open to other machines, without encryption or passwords", {
      address: formatAddress(bound),
    });
  }
  return { address: bound, close: () => close(server) };
}

function listen(server: Server, { host, port }: Address): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause) => reject(listenError(cause, { host, port })));
    server.listen({ host, port, exclusive: true }, () => resolve(server.address() as AddressInfo));
  });
}

function listenError(cause: Error, address: Address): ConfigurationError {
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: "another program listens there. Choose another port, or 0 for any free one",
    EADDRNOTAVAIL: "this machine has no such address",
    ENOTFOUND: "there is no host of that name",
    EACCES: "this user may not: ports below 1024 need more rights",
  };
  const code = Object.keys(reasons).find((known) => hasCode(cause, known));
  const reason = code === undefined ? cause.message : reasons[code];
  return new ConfigurationError(`Cannot listen on ${formatAddress(address)} (--http): ${reason}.`, { cause });
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function answer({ method, url = "/" }: IncomingMessage, options: HttpEndpointOptions): Promise<Answer> {
  if (method !== "GET" && method !== "HEAD") return json(405, { error: "only GET and HEAD" });
  const path = url.split("?", 1)[0];
  if (path === "/live") return verdict((await options.report()).live);
  if (path === "/ready") return verdict((await options.report()).ready);
  if (path !== "/metrics") return json(404, { error: "not found", paths: ["/live", "/ready", "/metrics"] });
  const { metrics } = await options.report();
  return { status: 200, type: prometheusType, body: prometheusText(metrics, options.version) };
}

function verdict({ ok, reasons }: Verdict): Answer {
  return json(ok ? 200 : 503, { ok, reasons });
}

function json(status: number, value: unknown): Answer {
  return { status, type: "application/json", body: `${JSON.stringify(value)}\n` };
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    ...(status === 405 ? { allow: "GET, HEAD" } : {}),
  });
  response.end(method === "HEAD" ? undefined : body);
}
