import { expect, it } from "vitest";

import { ArgumentWriter } from "./argument-writer.ts";

it("writes arguments as they go over the wire, in memory that grows", () => {
  const args = new ArgumentWriter();
  const long = "x".repeat(5_000);
  args.add("one");
  args.add("");
  args.add(long);
  args.add(new Uint8Array([0x80, 0x0d]));
  args.add("grün");
  expect(args.count).toBe(5);
  expect(args.written.toString("latin1")).toBe(
    `$3\r\none\r\n$0\r\n\r\n$5000\r\n${long}\r\n$2\r\n\u0080\r\r\n$5\r\n${Buffer.from("grün").toString("latin1")}\r\n`,
  );
});

it("leaves room for what the caller writes, there and later", () => {
  const args = new ArgumentWriter();
  const countAt = args.reserve(2);
  args.add("x".repeat(2_000));
  args.memory.write("07", countAt);
  expect(args.written.subarray(0, 8).toString()).toBe("$2\r\n07\r\n");
});

it("takes over all of another's", () => {
  const other = new ArgumentWriter();
  for (let number = 0; number < 300; number += 1) other.add(`number ${number}`);
  const args = new ArgumentWriter();
  args.add("first");
  args.addAll(other);
  expect(args.count).toBe(301);
  expect(args.written.toString()).toBe(`$5\r\nfirst\r\n${other.written.toString()}`);
});
