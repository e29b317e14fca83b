import { expect, test } from "vitest";

import { toRedisError } from "./redis-error.ts";

function replyOf(text: string): Error {
  return Object.assign(new Error(text), { name: "ReplyError" });
}

test.each([
  "NOPERM this user has no permissions to access one of the keys used as arguments",
  "ERR The user executing the script can't access at least one of the keys mentioned in the command arguments script: 1, on @user_script:2.",
  "ERR The user executing the script can't run this command or subcommand script: 1, on @user_script:2.",
])("what the user may not do is a matter of the ACL, in a script as well: %s", (text) => {
  const error = toRedisError(replyOf(text), "here");
  expect(error).toMatchObject({ kind: "denied", retryable: false });
  expect(error.message).toContain("the user's ACL");
});

test("a connection that has ended is told in our words, not by an option of the client", () => {
  const error = toRedisError(new Error("Stream isn't writeable and enableOfflineQueue options is false"), "here");
  expect(error).toMatchObject({ kind: "unavailable", retryable: true });
  expect(error.message).toMatch(/^Redis at here: the connection has ended\. It cannot be reached/);
});
