import { expect, test } from "vitest";
import { ServiceMissingError } from "../service-missing-error.ts";
import type { ServiceName } from "../service-name.ts";
import type { OwnServer } from "../service.ts";
import { readDemands } from "./ladder-demands.ts";
import { Ladder } from "./ladder.ts";
import type { OwnRung, ServerMaker } from "./server-maker.ts";

/** What there is on the machine of a test, and what happened there. */
class Machine {
  readonly has = new Set<OwnRung>();
  readonly events: string[] = [];
  mayInstall = false;
  installs = true;
  answers = true;

  ladder(environment: Readonly<Record<string, string>> = {}): Ladder {
    const answer = async () =>
      await (this.answers ? Promise.resolve("1.2") : Promise.reject(new Error("ECONNREFUSED")));
    return new Ladder({
      environment,
      demands: readDemands(environment),
      makers: { container: this.#maker("container"), private: this.#maker("private") },
      probes: { redis: answer, rabbitmq: answer, postgres: answer, sqs: answer, moto: answer },
      packages: {
        whyNot: () => (this.mayInstall ? undefined : "CI is not set."),
        install: async (packages) => {
          this.events.push(`install ${packages.join(" ")}`);
          await new Promise((resolve) => setImmediate(resolve));
          this.events.push("installed");
          if (this.installs) this.has.add("private");
        },
      },
    });
  }

  #maker(rung: OwnRung): ServerMaker {
    return {
      provide: async () => await (this.has.has(rung) ? Promise.resolve() : Promise.reject(new Error(`No ${rung}.`))),
      start: async (name: ServiceName) => {
        this.events.push(`start ${rung}`);
        return await Promise.resolve({ name, rung, url: `${rung}:`, origin: rung } as OwnServer);
      },
    };
  }
}

const url = "redis://user:secret@somewhere:6379/0";

test("a URL in the environment comes first, and is told without its secrets", async () => {
  const machine = new Machine();
  machine.has.add("container").add("private");
  const found = await machine.ladder({ LOVAGE_TEST_REDIS_URL: url }).find("redis");
  expect(found).toMatchObject({ rung: "environment", url });
  expect(found.origin).toBe("LOVAGE_TEST_REDIS_URL, which names somewhere:6379, version 1.2");
  expect(machine.events).toEqual([]);
});

test("a URL that does not answer is an error, and no other rung is tried", async () => {
  const machine = new Machine();
  machine.has.add("container");
  machine.answers = false;
  const finding = machine.ladder({ LOVAGE_TEST_REDIS_URL: url }).find("redis");
  await expect(finding).rejects.toThrow(
    "LOVAGE_TEST_REDIS_URL, which names somewhere:6379, leads to no Redis: ECONNREFUSED. Correct or unset it.",
  );
  await expect(finding).rejects.not.toBeInstanceOf(ServiceMissingError);
  expect(machine.events).toEqual([]);
});

test("text that is no URL is an error and is not shown", async () => {
  const finding = new Machine().ladder({ LOVAGE_TEST_REDIS_URL: "secret" }).find("redis");
  await expect(finding).rejects.toThrow("LOVAGE_TEST_REDIS_URL, which names no URL, leads to no Redis: Invalid URL");
});

test("a container comes before a server that is installed", async () => {
  const machine = new Machine();
  machine.has.add("private").add("container");
  expect(await machine.ladder().find("redis")).toMatchObject({ rung: "container" });
});

test("without an engine it is a server that is installed", async () => {
  const machine = new Machine();
  machine.has.add("private");
  expect(await machine.ladder().find("redis")).toMatchObject({ rung: "private" });
  expect(machine.events).toEqual(["start private"]);
});

test("what is missing is installed where that is allowed", async () => {
  const machine = new Machine();
  machine.mayInstall = true;
  expect(await machine.ladder().find("rabbitmq")).toMatchObject({ rung: "private" });
  expect(machine.events).toEqual(["install rabbitmq-server", "installed", "start private"]);
});

test("one package after another is installed", async () => {
  const machine = new Machine();
  machine.mayInstall = true;
  const ladder = machine.ladder();
  await Promise.all([ladder.chooseRung("redis"), ladder.chooseRung("postgres")]);
  expect(machine.events).toEqual(["install redis-server", "installed", "install postgresql", "installed"]);
});

test("when nothing works the error tells why, rung by rung, and every way out", async () => {
  await expect(new Machine().ladder().find("postgres")).rejects.toThrow(
    "There is no PostgreSQL to test with. No container. No private. CI is not set. " +
      "Set LOVAGE_TEST_POSTGRES_URL (postgres://postgres@127.0.0.1:5432/postgres), or start a Docker engine, " +
      "or install it: apt-get install postgresql, or brew install postgresql.",
  );
});

test("an installation that does not help is told", async () => {
  const machine = new Machine();
  machine.mayInstall = true;
  machine.installs = false;
  await expect(machine.ladder().find("redis")).rejects.toThrow("It could not be installed: No private.");
});

test("a forced rung is the only one that is tried, whatever the environment names", async () => {
  const machine = new Machine();
  machine.has.add("container").add("private");
  const forced = { LOVAGE_TEST_REDIS_URL: url, LOVAGE_TEST_RUNG: "private" };
  expect(await machine.ladder(forced).find("redis")).toMatchObject({ rung: "private" });
  machine.has.delete("private");
  await expect(machine.ladder(forced).find("redis")).rejects.toThrow(ServiceMissingError);
});

test("servers of one's own are never those of the environment", async () => {
  const machine = new Machine();
  machine.has.add("private");
  expect(await machine.ladder({ LOVAGE_TEST_REDIS_URL: url }).chooseRung("redis")).toBe("private");
});

test("a suite can insist on private servers", async () => {
  const machine = new Machine();
  machine.has.add("private").add("container");
  expect(await machine.ladder().chooseRung("redis", ["private"])).toBe("private");
  await expect(machine.ladder({ LOVAGE_TEST_RUNG: "container" }).chooseRung("redis", ["private"])).rejects.toThrow(
    "LOVAGE_TEST_RUNG forces container, which will not do here.",
  );
});
