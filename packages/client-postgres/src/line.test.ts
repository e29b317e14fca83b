import { expect, test } from "vitest";

import { Line } from "./line.ts";

const open = new AbortController().signal;

/** Pieces of work that go on until they are told to end. */
function workIn(line: Line) {
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const begin = (name: string, signal = open): Promise<string> =>
    line.take(() => {
      begun.push(name);
      return new Promise((resolve) => ends.set(name, () => resolve(name)));
    }, signal);
  return { begun, begin, end: (name: string) => ends.get(name)?.() };
}

test("as many go on as there are places, and the others in the order in which they came", async () => {
  const { begun, begin, end } = workIn(new Line(2));
  const all = ["a", "b", "c", "d"].map((name) => begin(name));
  await expect.poll(() => begun).toEqual(["a", "b"]);
  end("b");
  await expect.poll(() => begun).toEqual(["a", "b", "c"]);
  end("a");
  await expect.poll(() => begun).toEqual(["a", "b", "c", "d"]);
  end("c");
  end("d");
  await expect(Promise.all(all)).resolves.toEqual(["a", "b", "c", "d"]);
});

test("work that fails leaves its place", async () => {
  const line = new Line(1);
  await expect(line.take(() => Promise.reject(new Error("no")), open)).rejects.toThrow("no");
  await expect(line.take(() => Promise.resolve("yes"), open)).resolves.toBe("yes");
});

test("who does not want to wait any more leaves the line, and takes no place with it", async () => {
  const { begun, begin, end } = workIn(new Line(1));
  const first = begin("a");
  const controller = new AbortController();
  const second = begin("b", controller.signal);
  const third = begin("c");
  controller.abort(new Error("enough"));
  await expect(second).rejects.toThrow("enough");
  end("a");
  await first;
  await expect.poll(() => begun).toEqual(["a", "c"]);
  end("c");
  await third;
});

test("who does not want to wait any more in the moment in which it is let in gives its place on", async () => {
  const { begun, begin } = workIn(new Line(1));
  const controller = new AbortController();
  const first = begin("a", controller.signal);
  controller.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  void begin("b");
  await expect.poll(() => begun).toEqual(["b"]);
});

test("a place that is reserved is free for nobody, but one always is", async () => {
  const line = new Line(2);
  const { begun, begin } = workIn(line);
  const giveBack = [line.reserve(), line.reserve()];
  for (const name of ["a", "b"]) void begin(name);
  await expect.poll(() => begun).toEqual(["a"]);
  for (const give of giveBack) give();
  await expect.poll(() => begun).toEqual(["a", "b"]);
});
