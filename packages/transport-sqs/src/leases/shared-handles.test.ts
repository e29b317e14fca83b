import * as fc from "fast-check";
import { describe, expect, it } from "vitest";

import { SharedHandles } from "./shared-handles.ts";

/** The two sides of one memory. */
function sides(): { readonly loop: SharedHandles; readonly thread: SharedHandles } {
  const loop = new SharedHandles();
  return { loop, thread: new SharedHandles(structuredClone(loop.buffer)) };
}

describe("SharedHandles", () => {
  it("shows the other side what it holds, through any sequence of adding, replacing and removing", () => {
    const kinds = fc.constantFrom("add", "add", "replace", "remove");
    const steps = fc.array(fc.tuple(kinds, fc.nat(), fc.string({ minLength: 1, maxLength: 300 })), { maxLength: 200 });
    fc.assert(
      fc.property(steps, (sequence) => {
        const { loop, thread } = sides();
        const held = new Map<number, string>();
        const gone: number[] = [];
        for (const [kind, pick, handle] of sequence) {
          const id = [...held.keys()][pick % Math.max(1, held.size)];
          if (kind === "add") held.set(loop.add(handle, 5), handle);
          else if (id !== undefined && kind === "replace") {
            loop.replace(id, handle);
            held.set(id, handle);
          } else if (id !== undefined) {
            loop.remove(id);
            held.delete(id);
            gone.push(id);
          }
        }
        for (const [id, handle] of held) expect(thread.read(id)).toMatchObject({ handle, arrivedAtMs: 5 });
        for (const id of gone) expect([thread.read(id), loop.endsAtMs(id)]).toEqual([undefined, undefined]);
      }),
    );
  });

  it("gives whole numbers as ids, each once", () => {
    const { loop } = sides();
    const ids = Array.from({ length: 1_000 }, () => {
      const id = loop.add("h", 0);
      loop.remove(id);
      return id;
    });
    expect(new Set(ids).size).toBe(1_000);
    expect(ids.every((id) => Number.isSafeInteger(id))).toBe(true);
  });

  it("tells the loop until when the thread has prolonged a lease, or that it is lost", () => {
    const { loop, thread } = sides();
    const id = loop.add("h", 0);
    expect(loop.endsAtMs(id)).toBeUndefined();
    thread.prolong(thread.read(id)!, 30_000);
    expect(loop.endsAtMs(id)).toBe(30_000);
    thread.prolong(thread.read(id)!, -Infinity);
    expect(loop.endsAtMs(id)).toBe(-Infinity);
  });

  it("takes nothing that the thread says of an older handle for the newest, nor for the next lease in its place", () => {
    const { loop, thread } = sides();
    const first = loop.add("old", 0);
    const old = thread.read(first)!;
    loop.replace(first, "new");
    expect(thread.isCurrent(old)).toBe(false);
    thread.prolong(old, 1_000);
    expect(loop.endsAtMs(first)).toBeUndefined();
    const replaced = thread.read(first)!;
    loop.remove(first);
    const second = loop.add("other", 0);
    expect(thread.read(second)?.place).toBe(replaced.place);
    thread.prolong(replaced, 2_000);
    expect(loop.endsAtMs(second)).toBeUndefined();
    expect(thread.read(first)).toBeUndefined();
  });

  it("keeps what the thread has said of the next lease in a place, when it is late with the one before", () => {
    const { loop, thread } = sides();
    const first = loop.add("first", 0);
    const late = thread.read(first)!;
    loop.remove(first);
    const second = loop.add("second", 0);
    thread.prolong(thread.read(second)!, 30_000);
    thread.prolong(late, 1_000);
    expect(loop.endsAtMs(second)).toBe(30_000);
  });

  it("is bounded: what has no room, or is too long, is held without the thread", () => {
    const { loop, thread } = sides();
    const long = loop.add("x".repeat(1_025), 0);
    const ids = Array.from({ length: 16_382 }, (_, index) => loop.add(String(index), 0));
    expect(ids.every((id, index) => thread.read(id)?.handle === String(index))).toBe(true);
    const more = loop.add("more", 0);
    expect([thread.read(long), thread.read(more), loop.endsAtMs(more)]).toEqual([undefined, undefined, undefined]);
    loop.replace(more, "again");
    loop.remove(more);
    loop.remove(long);
    expect(thread.read(loop.add("again", 0))?.handle).toBe("again");
    expect(loop.buffer.byteLength).toBeLessThan(17.5e6);
  });
});
