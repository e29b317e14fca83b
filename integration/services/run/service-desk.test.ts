import { once } from "node:events";
import net from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, expect, test } from "vitest";
import { Ladder } from "../ladder/ladder.ts";
import { readDemands } from "../ladder/ladder-demands.ts";
import type { ServerMaker } from "../ladder/server-maker.ts";
import type { OwnServer } from "../service.ts";
import type { DeskAnswer, DeskQuestion } from "./desk-question.ts";
import { RunServices } from "./run-services.ts";
import { ServiceDesk } from "./service-desk.ts";

let started: string[];
let disposed: string[];
let reported: string[];
let environment: Record<string, string>;
let desks: ServiceDesk[];

beforeEach(() => {
  started = [];
  disposed = [];
  reported = [];
  environment = {};
  desks = [];
});
afterEach(async () => {
  for (const desk of desks) await desk[Symbol.asyncDispose]();
});

const missing: ServerMaker = {
  provide: () => Promise.reject(new Error("No engine.")),
  start: () => Promise.reject(new Error("must not be called")),
};
const execute = async (program: string, args: readonly string[]): Promise<string> => {
  if (program === "fails") throw new Error("fails ended with 1");
  return await Promise.resolve([program, ...args].join(" "));
};
const onlyRedis: ServerMaker = {
  provide: async (name) => await (name === "redis" ? Promise.resolve() : Promise.reject(new Error("Not installed."))),
  start: async (name) => {
    started.push(name);
    await new Promise((resolve) => setImmediate(resolve));
    const dispose = () => Promise.resolve(void disposed.push(name));
    const service = { name, rung: "private", url: "redis://here", origin: "private server" };
    return { ...service, execute, [Symbol.asyncDispose]: dispose } as unknown as OwnServer;
  },
};

async function open(): Promise<{
  readonly services: RunServices;
  readonly ask: (question: DeskQuestion) => Promise<DeskAnswer>;
}> {
  const packages = { whyNot: () => "CI is not set.", install: () => Promise.reject(new Error("must not be called")) };
  const makers = { container: missing, private: onlyRedis };
  const ladder = new Ladder({ environment, demands: readDemands(environment), makers, packages });
  const services = new RunServices(ladder, (line) => reported.push(line));
  const desk = await ServiceDesk.open(services);
  desks.push(desk);
  const ask = async (question: DeskQuestion): Promise<DeskAnswer> => {
    const socket = net.connect(desk.port, "127.0.0.1");
    await once(socket, "connect");
    socket.write(`${JSON.stringify(question)}\n`);
    return JSON.parse(await text(socket)) as DeskAnswer;
  };
  return { services, ask };
}

const textOf = (key: string, answer: DeskAnswer): string =>
  new Map<string, string>(Object.entries(answer)).get(key) ?? "";

test("a service is started once, for all who ask, told in one line, and ended with the run", async () => {
  const { services, ask } = await open();
  const answers = await Promise.all([ask({ name: "redis" }), ask({ name: "redis" })]);
  const service = { name: "redis", rung: "private", url: "redis://here", origin: "private server" };
  expect(answers).toEqual([{ service }, { service }]);
  expect(started).toEqual(["redis"]);
  expect(reported).toEqual([expect.stringMatching(/^Redis: private server; ready after \d+ ms\.$/u)]);
  await services[Symbol.asyncDispose]();
  expect(disposed).toEqual(["redis"]);
});

test("whoever starts servers of one's own is told the rung, and none is started", async () => {
  const { ask } = await open();
  expect(await ask({ name: "redis", rungs: ["container", "private"] })).toEqual({ rung: "private" });
  expect(started).toEqual([]);
});

test("a server of the run's own is started once for all who share it, whatever the environment names, and runs programs for them", async () => {
  environment["LOVAGE_TEST_REDIS_URL"] = "redis://127.0.0.1:1/";
  const { services, ask } = await open();
  const shared: DeskQuestion = { name: "redis", rungs: ["private"], isShared: true };
  const answers = await Promise.all([ask(shared), ask(shared), ask({ ...shared, command: ["redis-cli", "ping"] })]);
  const service = { name: "redis", rung: "private", url: "redis://here", origin: "private server" };
  expect(answers).toEqual([{ service }, { service }, { output: "redis-cli ping" }]);
  expect(started).toEqual(["redis"]);
  expect(await ask({ ...shared, command: ["fails"] })).toEqual({ failure: "fails ended with 1" });
  await services[Symbol.asyncDispose]();
  expect(disposed).toEqual(["redis"]);
});

test("a service that is not there may be missing, and that is told loudly", async () => {
  const { ask } = await open();
  expect(textOf("missing", await ask({ name: "postgres" }))).toMatch(/^There is no PostgreSQL/u);
  expect(reported).toEqual([expect.stringMatching(/^PostgreSQL: NOT COVERED\. There is no PostgreSQL/u)]);
});

test("one that tests would start for themselves is told as loudly, once", async () => {
  const { ask } = await open();
  const question = { name: "moto", rungs: ["container", "private"] } as const;
  for (const _ of [1, 2]) expect(textOf("missing", await ask(question))).toMatch(/^There is no SQS \(moto\)/u);
  expect(reported).toEqual([expect.stringMatching(/^SQS \(moto\) of a test's own: NOT COVERED\./u)]);
});

test("a second opinion is not demanded with all, only by its name", async () => {
  environment["LOVAGE_TEST_REQUIRE"] = "all";
  expect(textOf("missing", await (await open()).ask({ name: "moto" }))).toMatch(/^There is no SQS/u);
  environment["LOVAGE_TEST_REQUIRE"] = "moto";
  expect(textOf("failure", await (await open()).ask({ name: "moto" }))).toMatch(/^There is no SQS/u);
});

test.each([{ LOVAGE_TEST_REQUIRE: "all" }, { LOVAGE_TEST_REQUIRE: "postgres" }, { LOVAGE_TEST_RUNG: "private" }])(
  "with %o it must be there",
  async (demand) => {
    Object.assign(environment, demand);
    const { ask } = await open();
    expect(textOf("failure", await ask({ name: "postgres" }))).toMatch(/^There is no PostgreSQL/u);
  },
);

test("a URL that leads nowhere is a failure though nobody requires the service", async () => {
  environment["LOVAGE_TEST_POSTGRES_URL"] = "postgres://127.0.0.1:1/";
  const { ask } = await open();
  expect(textOf("failure", await ask({ name: "postgres" }))).toContain("leads to no PostgreSQL");
});

test("somebody who asks and is killed does not disturb the others", async () => {
  const { ask } = await open();
  const socket = net.connect(desks[0]!.port, "127.0.0.1");
  await once(socket, "connect");
  socket.write('{"name":"redis"}\n');
  socket.resetAndDestroy();
  expect(await ask({ name: "redis" })).toHaveProperty("service");
});
