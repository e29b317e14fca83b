import { CreateQueueCommand, GetQueueAttributesCommand, GetQueueUrlCommand, type SQSClient } from "@aws-sdk/client-sqs";
import { virtualClock } from "@lovage/foundation";
import { QueueNotFoundError } from "@lovage/transport";
import { expect, test } from "vitest";

import { QueueDirectory } from "./queue-directory.ts";
import { SqsApi } from "../sqs-api.ts";

/** An SQS in which queues are there once they were made and asked for so often. */
class ForgetfulApi extends SqsApi {
  readonly #looks = new Map<string, number>();
  readonly #needed: number;
  readonly #attributesOf: (name: string) => object;

  constructor(needed: number, attributesOf: (name: string) => object = () => ({})) {
    super({ endpoint: "http://localhost" }, virtualClock());
    this.#needed = needed;
    this.#attributesOf = attributesOf;
  }

  override async call<Output>(send: (client: SQSClient, options: { abortSignal: AbortSignal }) => Promise<Output>) {
    const answer = async (command: unknown): Promise<object> => this.#answer(command);
    return await send({ send: answer } as unknown as SQSClient, { abortSignal: this.closing });
  }

  override async pause(): Promise<void> {}

  #answer(command: unknown): object {
    if (command instanceof CreateQueueCommand) return this.#make(command.input.QueueName ?? "");
    if (command instanceof GetQueueUrlCommand) return this.#find(command.input.QueueName ?? "");
    if (command instanceof GetQueueAttributesCommand)
      return this.#show(command.input.QueueUrl?.split("/").at(-1) ?? "");
    return {};
  }

  #make(name: string): object {
    this.#looks.set(name, 0);
    return { QueueUrl: `http://localhost/${name}` };
  }

  #find(name: string): object {
    if ((this.#looks.get(name) ?? 0) <= this.#needed) throw new QueueNotFoundError(name);
    return { QueueUrl: `http://localhost/${name}` };
  }

  #show(name: string): object {
    const looks = this.#looks.get(name) ?? Number.NaN;
    this.#looks.set(name, looks + 1);
    if (!(looks >= this.#needed)) throw new QueueNotFoundError(name);
    const common = { FifoQueue: String(name.endsWith(".fifo")), QueueArn: `arn:${name}` };
    return { Attributes: { ...common, ...this.#attributesOf(name) } };
  }
}

const directoryOf = (needed: number): QueueDirectory =>
  new QueueDirectory({ api: new ForgetfulApi(needed), prefix: "", creates: true, predefined: {} });

test("a queue that was just made is waited for: SQS need not know it everywhere at once", async () => {
  const directory = directoryOf(3);
  await directory.declare({ name: "mail" });
  expect(directory.find("mail")?.url).toBe("http://localhost/mail");
});

test("a queue that is not there in the end is told of", async () => {
  await expect(directoryOf(1_000).declare({ name: "mail" })).rejects.toMatchObject({ code: "QUEUE_NOT_FOUND" });
});

test("what was declared of a queue stays known when it is looked up anew, and ends with the queue", async () => {
  const directory = directoryOf(0);
  await directory.declare({ name: "orders.fifo", driver: { group: "all" } });
  await directory.declare({ name: "mail", consumers: "mixed" });
  const isAsDeclared = [{ group: "all" }, { isShared: true }];
  for (const known of [directory.find.bind(directory), directory.refresh.bind(directory)]) {
    expect([await known("orders.fifo"), await known("mail")]).toMatchObject(isAsDeclared);
  }
  directory.forget("orders.fifo");
  expect(await directory.require("orders.fifo")).toMatchObject({ group: undefined });
});

test.each([
  ["mail", "mail-dead"],
  ["orders.fifo", "orders-fifo-dead"],
  ["orders.fifo", "orders-delay"],
  ["mail", "mail"],
])("a queue takes what all take that it consists of: %s, where %s is small", async (name, small) => {
  const sizeOf = (part: string): object => ({ MaximumMessageSize: part === small ? "262144" : "1048576" });
  const api = new ForgetfulApi(0, sizeOf);
  const directory = new QueueDirectory({ api, prefix: "", creates: true, predefined: {} });
  await directory.declare({ name });
  expect(directory.find(name)?.maxBytes).toBe(262_144);
  expect((await directory.refresh(name)).maxBytes).toBe(262_144);
});
