import { expect, test } from "vitest";
import { describeSharedServer } from "../describe-shared-server.ts";

describeSharedServer("rabbitmq", (server) => {
  const evaluate = async (code: string): Promise<string> => await server.execute("rabbitmqctl", ["eval", code]);

  test("a node evaluates Erlang, and tells what was thrown", async () => {
    expect((await evaluate('X = "a }", {X, 1 + 1}.')).replaceAll(/\s/gu, "")).toBe('{"a}",2}');
    await expect(evaluate("exit(thrown_by_a_test).")).rejects.toThrow("thrown_by_a_test");
  });

  test("it does so for many at once", async () => {
    const asked = Array.from({ length: 8 }, async (_, index) => Number(await evaluate(`timer:sleep(50), ${index}.`)));
    expect(await Promise.all(asked)).toEqual(asked.map((_, index) => index));
  });
});
