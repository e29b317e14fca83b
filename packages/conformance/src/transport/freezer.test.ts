import { virtualClock } from "@lovage/foundation";
import { expect, it } from "vitest";
import { Freezer } from "./freezer.ts";

class Store {
  readonly facts: { readonly maxBatch: number } = Object.freeze({ maxBatch: 7 });
  readonly calls: string[] = [];
  wake: () => void = () => {};
  answer: (value: number) => void = () => {};

  async open(events: { wake(): void }): Promise<void> {
    this.wake = () => events.wake();
    await Promise.resolve();
  }

  claim(name: string): Promise<number> {
    this.calls.push(name);
    return new Promise((resolve) => (this.answer = resolve));
  }

  async fail(): Promise<void> {
    await Promise.reject(new Error("no"));
  }
}

it("lets calls, answers, failures and data through while it runs", async () => {
  const store = new Store();
  const wrapped = new Freezer(virtualClock()).wrap(store);
  const claim = wrapped.claim("a");
  expect(store.calls).toEqual(["a"]);
  store.answer(3);
  expect(await claim).toBe(3);
  await expect(wrapped.fail()).rejects.toThrow("no");
  expect(wrapped.facts.maxBatch).toBe(7);
});

it("holds calls, answers and callbacks while it is frozen, and lets them go at the thaw", async () => {
  const store = new Store();
  const freezer = new Freezer(virtualClock());
  const wrapped = freezer.wrap(store);
  const seen: string[] = [];
  await wrapped.open({ wake: () => void seen.push("wake") });
  const underWay = wrapped.claim("before").then((value) => seen.push(`answer ${value}`));
  freezer.freeze();
  freezer.freeze();
  store.answer(1);
  store.wake();
  const held = wrapped.claim("during");
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect([seen, store.calls]).toEqual([[], ["before"]]);
  freezer.thaw();
  await underWay;
  expect(store.calls).toEqual(["before", "during"]);
  store.answer(2);
  expect(await held).toBe(2);
  expect(seen.toSorted()).toEqual(["answer 1", "wake"]);
});

it("holds the timers of its clock, and fires at the thaw those that are due", async () => {
  const clock = virtualClock();
  const freezer = new Freezer(clock);
  const fired: string[] = [];
  freezer.clock.timer(10, () => fired.push("first"));
  freezer.clock.timer(100, () => fired.push("late"));
  freezer.clock.timer(20, () => fired.push("cancelled")).cancel();
  freezer.freeze();
  freezer.clock.timer(5, () => fired.push("made while frozen"));
  await clock.advance(50);
  expect(fired).toEqual([]);
  expect(clock.pending).toBe(0);
  freezer.thaw();
  await clock.advance(0);
  expect(fired).toEqual(["first", "made while frozen"]);
  await clock.advance(50);
  expect(fired).toEqual(["first", "made while frozen", "late"]);
  expect(clock.pending).toBe(0);
});

it("keeps its time while it is only stalled", async () => {
  const clock = virtualClock();
  const store = new Store();
  const freezer = new Freezer(clock);
  const fired: string[] = [];
  freezer.stall();
  const held = freezer.wrap(store).claim("a");
  freezer.clock.timer(10, () => fired.push("timer"));
  await clock.advance(10);
  expect([fired, store.calls]).toEqual([["timer"], []]);
  freezer.thaw();
  await clock.advance(0);
  store.answer(1);
  expect(await held).toBe(1);
});
