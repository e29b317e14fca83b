import { memoryBackend } from "@lovage/backend-memory";
import type { Backend, Results } from "@lovage/backend";
import type { VirtualClock } from "@lovage/foundation";
import { virtualClock } from "@lovage/foundation";
import { memoryTransport } from "@lovage/transport-memory";
import type { BrowsedMessage, Connection, Delivery, OutgoingMessage } from "@lovage/transport";
import type { App } from "../../app/app.ts";
import type { AppOptions } from "../../app/app-options.ts";
import { createApp } from "../../app/create-app.ts";
import { decodeResult } from "../../protocol/decode-result.ts";
import type { DecodedResult } from "../../protocol/decode-result.ts";
import { recordedLog } from "../../test-support/recorded-log.ts";
import type { RecordedLog } from "../../test-support/recorded-log.ts";

/** An app over memory drivers and a virtual clock, and a second connection to look at its broker from outside. */
export interface WorkerHarness {
  readonly clock: VirtualClock;
  readonly log: RecordedLog;
  readonly app: App;
  readonly observer: Connection;
  readonly backend: Backend;
  /** Moves time on, step by step, until something holds. */
  until(isSo: () => unknown, limitMs?: number): Promise<void>;
  /** What is stored of a task. */
  resultOf(taskId: string): Promise<DecodedResult | undefined>;
  dead(queue?: string): Promise<readonly BrowsedMessage[]>;
  waiting(state?: "ready" | "delayed" | "unsettled", queue?: string): Promise<readonly BrowsedMessage[]>;
  /** Sends a message as another program would. */
  send(message: RawMessage): Promise<void>;
  lines(level: string): readonly string[];
  close(): Promise<void>;
}

/** A message as another program sends it. */
interface RawMessage {
  readonly headers?: OutgoingMessage["headers"];
  readonly properties?: Partial<OutgoingMessage["properties"]>;
  readonly body?: string | Uint8Array;
  readonly queue?: string;
}

/** How an app is made for a test. */
export interface HarnessOptions extends Omit<AppOptions, "broker" | "backend" | "clock" | "log"> {
  /** Stands between the worker and the deliveries of its queues. */
  readonly onDelivery?: (delivery: Delivery) => Delivery;
  /** Which deliveries were lost too often, as the broker would tell. */
  readonly isExhausted?: (delivery: Delivery) => boolean;
  /** Stands between the app and its broker. */
  readonly wrapConnection?: (connection: Connection) => Connection;
  /** Stands between the app and its backend; `undefined`: the app has none. */
  readonly wrapBackend?: (backend: Backend) => Backend | undefined;
}

const stepMs = 50;

/** Makes a {@link WorkerHarness}. */
export async function workerHarness(options: HarnessOptions = {}): Promise<WorkerHarness> {
  const {
    onDelivery = same,
    isExhausted = () => false,
    wrapConnection = (connection: Connection) => connection,
    wrapBackend = (backend: Backend) => backend,
    ...appOptions
  } = options;
  const clock = virtualClock();
  const log = recordedLog();
  const connection = await memoryTransport({ clock });
  const observer = await memoryTransport({ clock });
  await observer.declare({ queues: [{ name: "default" }] });
  const backend = memoryBackend({ clock });
  const given = wrapBackend(backend);
  const app = createApp({
    broker: withDeliveries(wrapConnection(connection), onDelivery, isExhausted),
    ...(given === undefined ? {} : { backend: given }),
    clock,
    log,
    ...appOptions,
  });
  const browse = async (queue: string, state?: "ready" | "delayed" | "unsettled") =>
    (await observer.admin.browse(queue, state === undefined ? {} : { state })).messages;
  return {
    clock,
    log,
    app,
    observer,
    backend,
    until: async (isSo, limitMs = 120_000) => {
      for (let waitedMs = 0; waitedMs < limitMs; waitedMs += stepMs) {
        if ((await isSo()) === true) return;
        await clock.advance(stepMs);
      }
      throw new Error(`It did not come true within ${limitMs} ms: ${isSo.toString()}`);
    },
    resultOf: async (taskId) => {
      const [record] = (await backend.results?.get([taskId])) ?? [];
      return record === undefined ? undefined : decodeResult(record.document);
    },
    dead: (queue = "default") => browse(`${queue}.dead`),
    waiting: (state = "ready", queue = "default") => browse(queue, state),
    send: (message) => observer.publish([rawMessage(message)]),
    lines: (level) => log.lines.filter(([of]) => of === level).map(([, text]) => text),
    close: async () => {
      const closed = app.close().then(() => true);
      while (!(await Promise.race([closed, clock.advance(1_000)]))) continue;
      await Promise.all([connection.close(), observer.close()]);
      await backend.close();
      if (clock.pending > 0) throw new Error(`${clock.pending} timers are left behind.`);
    },
  };
}

function rawMessage({
  headers = {},
  properties = {},
  body = "[[],{},{}]",
  queue = "default",
}: RawMessage): OutgoingMessage {
  return {
    headers,
    properties: {
      messageId: `${JSON.stringify(headers["id"] ?? "raw")}:0`,
      contentType: "application/json",
      contentEncoding: "utf-8",
      ...properties,
    },
    body: typeof body === "string" ? Buffer.from(body) : body,
    to: queue,
  };
}

const same = (delivery: Delivery): Delivery => delivery;

function withDeliveries(
  connection: Connection,
  change: (delivery: Delivery) => Delivery,
  isExhausted: (delivery: Delivery) => boolean,
): Connection {
  return changed(connection, {
    consume: (options) =>
      connection.consume({
        ...options,
        onDelivery: (delivery) => {
          const seen = change(delivery);
          if (isExhausted(seen)) options.onExhausted?.(seen);
          else options.onDelivery(seen);
        },
      }),
  });
}

/** An object that differs from the one it stands for in some members. */
export function changed<T extends object>(original: T, changes: Partial<T>): T {
  return new Proxy(original, {
    get(target, key) {
      if (key in changes) return Reflect.get(changes, key) as unknown;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? (value.bind(target) as unknown) : value;
    },
  });
}

/** A backend whose results differ in some members. */
export function changedResults(backend: Backend, changes: (results: Results) => Partial<Results>): Backend {
  const results = backend.results as Results;
  return changed(backend, { results: changed(results, changes(results)) });
}
