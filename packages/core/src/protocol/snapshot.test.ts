import { expect, test } from "vitest";
import { snapshot } from "./snapshot.ts";

test("a snapshot is the same value, of objects of its own", () => {
  const shared = { a: 1 };
  const value = {
    list: [shared, shared, null, undefined],
    when: new Date(5),
    bytes: Buffer.from("x"),
    bare: Object.assign(Object.create(null) as object, { b: 2 }),
    ...(JSON.parse('{ "__proto__": { "polluted": true } }') as object),
  };
  const copy = snapshot(value);
  expect(copy).toStrictEqual(value);
  expect(copy.list[0]).toBe(copy.list[1]);
  shared.a = 2;
  value.when.setTime(6);
  value.bytes.write("y");
  expect(copy).toMatchObject({ list: [{ a: 1 }, { a: 1 }, null, undefined], when: new Date(5) });
  expect(copy.bytes.toString()).toBe("x");
  expect("polluted" in copy).toBe(false);
});

test("what cannot be sent is what it was: circles, depths, instances, and what cannot be read", () => {
  const circle: { self?: unknown } = {};
  circle.self = circle;
  const copy = snapshot(circle);
  expect(copy.self).toBe(copy);
  let deep: unknown[] = [];
  for (let depth = 0; depth < 20_000; depth += 1) deep = [deep];
  expect(snapshot(deep)).toHaveLength(1);
  const map = new Map();
  expect(snapshot([map])[0]).toBe(map);
  const broken = {
    get value() {
      throw new Error("no");
    },
  };
  expect(snapshot(broken)).toBe(broken);
});
