import { once } from "node:events";
import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { gatherWrites } from "./gathered-writes.ts";

/** A stream that tells what was written to it, and what of it at once. */
function stream(): { readonly out: Writable; readonly written: readonly string[] } {
  const written: string[] = [];
  const out = new Writable({
    highWaterMark: 4,
    write: (chunk: Buffer, _, done) => {
      written.push(chunk.toString());
      done();
    },
    writev: (chunks, done) => {
      written.push(chunks.map(({ chunk }) => String(chunk)).join(" "));
      done();
    },
  });
  gatherWrites(out);
  return { out, written };
}

test("what is written in one turn goes out as one write, in its order", async () => {
  const { out, written } = stream();
  for (const part of ["a", "b", "c"]) out.write(part);
  await new Promise((resolve) => setImmediate(resolve));
  out.write("d");
  out.end();
  await once(out, "finish");
  expect(written).toEqual(["a b c", "d"]);
});

test("a stream that has more than it may hold says so, and when it has room again", async () => {
  const { out } = stream();
  expect([out.write("ab"), out.write("cd")]).toEqual([true, false]);
  await once(out, "drain");
  expect(out.write("ef")).toBe(true);
});
