import type { Log } from "@lovage/foundation";
import { silentLog } from "@lovage/foundation";
import { afterEach, expect, test } from "vitest";
import { openHttpEndpoint } from "./http-endpoint.ts";
import type { HttpEndpoint } from "./http-endpoint.ts";
import type { Report } from "./report.ts";
import { noMetrics } from "./worker-metrics.ts";

const well: Report = { live: { ok: true, reasons: [] }, ready: { ok: true, reasons: [] }, metrics: noMetrics };
const open: HttpEndpoint[] = [];

afterEach(async () => {
  for (const endpoint of open.splice(0)) await endpoint.close();
});

async function serve(
  report: () => Promise<Report>,
  { host = "127.0.0.1", port = 0, log = silentLog } = {},
): Promise<string> {
  const endpoint = await openHttpEndpoint({ address: { host, port }, version: "1.2.3", log, report });
  open.push(endpoint);
  return `http://127.0.0.1:${endpoint.address.port}`;
}

test("a worker that is well is live and ready", async () => {
  const url = await serve(async () => well);
  for (const path of ["/live", "/ready", "/ready?from=probe"]) {
    const response = await fetch(url + path);
    expect([path, response.status]).toEqual([path, 200]);
    expect(await response.json()).toEqual({ ok: true, reasons: [] });
  }
});

test("one that is not answers 503 with the reasons", async () => {
  const url = await serve(async () => ({ ...well, ready: { ok: false, reasons: ["the worker is starting"] } }));
  const response = await fetch(`${url}/ready`);
  expect(response.status).toBe(503);
  expect(await response.json()).toEqual({ ok: false, reasons: ["the worker is starting"] });
  expect((await fetch(`${url}/live`)).status).toBe(200);
});

test("metrics are text for Prometheus", async () => {
  const response = await fetch(`${await serve(async () => well)}/metrics`);
  expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
  expect(await response.text()).toContain('lovage_info{version="1.2.3"} 1');
});

test("other paths and methods are refused, HEAD is GET without a body", async () => {
  const url = await serve(async () => well);
  expect((await fetch(`${url}/secret`)).status).toBe(404);
  const posted = await fetch(`${url}/live`, { method: "POST", body: "x" });
  expect(posted.status).toBe(405);
  expect(posted.headers.get("allow")).toBe("GET, HEAD");
  const head = await fetch(`${url}/live`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("a fault inside answers 500 without telling what it was", async () => {
  const url = await serve(() => Promise.reject(new Error("postgres://user:secret@host")));
  const response = await fetch(`${url}/live`);
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("secret");
});

test("an address that is taken is told as a fault of the configuration", async () => {
  const url = await serve(async () => well);
  const port = Number(new URL(url).port);
  await expect(serve(async () => well, { port })).rejects.toMatchObject({
    code: "CONFIGURATION_INVALID",
    message: `Cannot listen on 127.0.0.1:${port} (--http): another program listens there. Choose another port, or 0 for any free one.`,
  });
});

test("a warning is written when other machines can reach it", async () => {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void warnings.push(message) };
  await serve(async () => well, { log });
  expect(warnings).toEqual([]);
  await serve(async () => well, { host: "0.0.0.0", log });
  expect(warnings).toEqual(["http endpoints are open to other machines, without encryption or passwords"]);
});

test("closing ends connections that are kept alive, and may be done twice", async () => {
  const endpoint = await openHttpEndpoint({
    address: { host: "127.0.0.1", port: 0 },
    version: "1",
    log: silentLog,
    report: async () => well,
  });
  await (await fetch(`http://127.0.0.1:${endpoint.address.port}/live`)).text();
  await endpoint.close();
  await endpoint.close();
  await expect(fetch(`http://127.0.0.1:${endpoint.address.port}/live`)).rejects.toThrow("fetch failed");
});
