import { expect, test, vi } from "vitest";

async function namesOfRun(named?: string): Promise<readonly string[]> {
  vi.resetModules();
  vi.stubEnv("LOVAGE_TEST_TRANSPORT", named);
  try {
    return (await import("./brokers.ts")).chosenNames;
  } finally {
    vi.unstubAllEnvs();
  }
}

test("a second opinion on a broker is run where it is named, and nowhere else", async () => {
  expect(await namesOfRun()).toEqual(["sqlite", "memory", "redis", "postgres", "amqp", "amqp-classic", "sqs"]);
  expect(await namesOfRun("sqs-moto")).toEqual(["sqs-moto"]);
});
