import { randomUUID } from "node:crypto";
import { beforeAll } from "vitest";
import { describeSharedServer } from "../describe-shared-server.ts";
import type { Server } from "../service.ts";
import { makeVhost } from "./make-vhost.ts";

const makeMs = 150_000;

/** A vhost of a RabbitMQ that others use too. */
export interface VhostServer extends Server {
  /** Its name; the URL leads there. Commands want it as `--vhost`: without that they are about another. */
  readonly vhost: string;
}

/** A suite on the run's RabbitMQ, which nobody may end, in a vhost that nobody else has. */
export function describeVhost(define: (server: VhostServer) => void): void {
  describeSharedServer("rabbitmq", (server) => {
    const vhost = `suite-${randomUUID()}`;
    beforeAll(async () => await makeVhost(server, vhost), makeMs);
    define({ ...server, vhost, url: new URL(vhost, server.url).href });
  });
}
