import { expect, test } from "vitest";
import { retryTakenPort } from "./retry-taken-port.ts";

test.each([
  "Could not create server TCP listening socket 127.0.0.1:15000: bind: Address already in use",
  '{failed_to_start_child,prelaunch,{dist_port_already_used,15000,not_erlang,"localhost"}}',
  "listen EADDRINUSE: address already in use 127.0.0.1:15000",
  "(HTTP code 500) server error - driver failed programming external connectivity: Bind for 127.0.0.1:15000 failed: port is already allocated",
])("a server whose port somebody else has for a moment is started again: %s", async (message) => {
  const outcomes = [new Error(message), new Error(message)];
  const start = async (): Promise<string> => {
    const error = outcomes.pop();
    return await (error === undefined ? Promise.resolve("started") : Promise.reject(error));
  };
  await expect(retryTakenPort(start)).resolves.toBe("started");
});

test("any other reason is told at once", async () => {
  let starts = 0;
  const start = async (): Promise<never> => {
    starts += 1;
    return await Promise.reject(new Error("no such image"));
  };
  await expect(retryTakenPort(start)).rejects.toThrow("no such image");
  expect(starts).toBe(1);
});
