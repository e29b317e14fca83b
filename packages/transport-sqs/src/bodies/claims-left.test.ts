import { silentLog } from "@lovage/foundation";
import { expect, test } from "vitest";

import { withClaim } from "../message/claim-header.ts";
import { Claims } from "./claims.ts";

const properties = { messageId: "large", contentType: "x", contentEncoding: "binary" };
const nothing = async (): Promise<undefined> => undefined;

test("bodies are left behind where they are deleted more slowly than messages end, which is told once", async () => {
  const warnings: string[] = [];
  const log = { ...silentLog, warn: (text: string) => void warnings.push(text) };
  let deleted = 0;
  const go = Promise.withResolvers<void>();
  const remove = async (): Promise<void> => {
    await go.promise;
    deleted += 1;
  };
  const claims = new Claims({ maxBytes: 9, put: nothing, get: nothing, delete: remove }, log);
  const end = (count: number): void => {
    for (let index = 0; index < count; index += 1) {
      claims.dropSoon([withClaim({ headers: {}, properties, body: new Uint8Array(9) }, `q/${index}`)]);
    }
  };
  end(1_500);
  expect(warnings).toHaveLength(1);
  go.resolve();
  await claims.idle();
  expect(deleted).toBe(1_000);
  end(1_500);
  expect(warnings).toHaveLength(2);
  await claims.idle();
});
