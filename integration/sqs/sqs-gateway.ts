import { once } from "node:events";
import http from "node:http";
import type net from "node:net";

/** What goes wrong between a client and SQS. */
export interface SqsFaults {
  /** Share of calls that are refused with "too many" or a fault of the service, before SQS sees them. @default 0 */
  readonly refused?: number;
  /** Share of the entries of batches that fail for the moment, the others being done. @default 0 */
  readonly failedEntries?: number;
  /** Share of received messages that are handed out once more, by the next receive of that queue. @default 0 */
  readonly doubled?: number;
  /** The one queue of which calls that send or receive are refused with "too many". @default none */
  readonly throttled?: string;
}

interface Entry {
  readonly Id: string;
}

/**
 * Stands between a client and an emulator, speaks HTTP, counts the calls by their action, and brings about what the real SQS does to its clients:
 * `await using gateway = await SqsGateway.open(server.port)`.
 */
export class SqsGateway implements AsyncDisposable {
  /** Calls since the last `forget`, by action: `ReceiveMessage` … */
  readonly calls: Map<string, number> = new Map();
  /** How many calls were under way at once at the most since the last `forget`, by action. */
  readonly most: Map<string, number> = new Map();
  /** Messages that were handed out twice. */
  doubles = 0;
  readonly #server: http.Server;
  readonly #agent = new http.Agent({ keepAlive: true });
  readonly #target: number;
  /** Messages to be handed out once more, by queue. */
  readonly #pending = new Map<string, object[]>();
  readonly #underWay = new Map<string, number>();
  #faults: SqsFaults = {};

  private constructor(target: number) {
    this.#target = target;
    this.#server = http.createServer((request, response) => {
      // A server or a client that went away in the midst of a call: the other one hears of it.
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async open(target: number): Promise<SqsGateway> {
    const gateway = new SqsGateway(target);
    await once(gateway.#server.listen(0, "127.0.0.1"), "listening");
    return gateway;
  }

  /** As the driver takes it. */
  get url(): string {
    return `sqs://test:test@127.0.0.1:${(this.#server.address() as net.AddressInfo).port}`;
  }

  /** All calls since the last `forget`. */
  get count(): number {
    return [...this.calls.values()].reduce((sum, calls) => sum + calls, 0);
  }

  /** Calls of an action that were not answered yet. */
  underWay(action: string): number {
    return this.#underWay.get(action) ?? 0;
  }

  forget(): void {
    this.calls.clear();
    this.most.clear();
  }

  set(faults: SqsFaults): void {
    this.#faults = faults;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
    await closed;
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const action = String(request.headers["x-amz-target"]).replace("AmazonSQS.", "");
    this.#note(action);
    response.once("close", () => void this.#underWay.set(action, this.underWay(action) - 1));
    if (this.#happens(this.#faults.refused)) return refuse(response);
    const asked = JSON.parse(Buffer.concat(chunks).toString()) as Asked;
    if (this.#isThrottled(action, asked)) return answerWith(response, tooMany("KmsThrottled"));
    const failed = (asked.Entries ?? []).filter(() => this.#happens(this.#faults.failedEntries));
    const done = {
      ...asked,
      ...(asked.Entries && { Entries: asked.Entries.filter((entry) => !failed.includes(entry)) }),
    };
    const isNothingLeft = asked.Entries !== undefined && done.Entries?.length === 0;
    const answer = isNothingLeft ? { status: 200, body: {} } : await this.#forward(request, done);
    this.#double(action, asked, answer.body);
    answerWith(response, { ...answer, body: withFailed(answer.body, failed) });
  }

  #note(action: string): void {
    this.calls.set(action, (this.calls.get(action) ?? 0) + 1);
    this.#underWay.set(action, this.underWay(action) + 1);
    this.most.set(action, Math.max(this.most.get(action) ?? 0, this.underWay(action)));
  }

  #isThrottled(action: string, { QueueUrl = "" }: Asked): boolean {
    const { throttled } = this.#faults;
    return throttled !== undefined && QueueUrl.endsWith(`/${throttled}`) && /^(Send|Receive)/.test(action);
  }

  #happens(share = 0): boolean {
    return Math.random() < share;
  }

  async #forward(request: http.IncomingMessage, asked: object): Promise<Answer> {
    const body = JSON.stringify(asked);
    const headers = { ...request.headers, "content-length": String(Buffer.byteLength(body)) };
    const options = {
      host: "127.0.0.1",
      port: this.#target,
      method: "POST",
      path: request.url,
      headers,
      agent: this.#agent,
    };
    const sent = http.request(options);
    sent.end(body);
    const [response] = (await once(sent, "response")) as [http.IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) chunks.push(chunk as Buffer);
    return { status: response.statusCode ?? 500, body: JSON.parse(Buffer.concat(chunks).toString() || "{}") as object };
  }

  #double(action: string, asked: object, answer: object): void {
    if (action !== "ReceiveMessage") return;
    const { QueueUrl: queue = "" } = asked as { readonly QueueUrl?: string };
    const messages = ((answer as { Messages?: object[] }).Messages ??= []);
    const again = this.#pending.get(queue)?.splice(0, 10 - messages.length) ?? [];
    const chosen = messages.filter(() => this.#happens(this.#faults.doubled));
    this.#pending.set(queue, [...(this.#pending.get(queue) ?? []), ...chosen]);
    this.doubles += again.length;
    messages.push(...again);
  }
}

interface Asked {
  readonly Entries?: readonly Entry[];
  readonly QueueUrl?: string;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

function refuse(response: http.ServerResponse): void {
  const isThrottling = Math.random() < 0.5;
  answerWith(
    response,
    isThrottling ? tooMany("ThrottlingException") : { ...tooMany("ServiceUnavailable"), status: 503 },
  );
}

function tooMany(type: string): Answer {
  return { status: 400, body: { __type: `com.amazonaws.sqs#${type}`, message: "Injected." } };
}

function answerWith(response: http.ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.0" });
  response.end(JSON.stringify(body));
}

function withFailed(body: object, failed: readonly Entry[]): object {
  if (failed.length === 0) return body;
  const more = failed.map(({ Id }) => ({ Id, Code: "InternalError", SenderFault: false, Message: "Injected." }));
  const { Failed = [] } = body as { readonly Failed?: readonly object[] };
  return { Successful: [], ...body, Failed: [...Failed, ...more] };
}
