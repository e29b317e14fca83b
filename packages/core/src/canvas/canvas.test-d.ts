import { expectTypeOf, test } from "vitest";

import type { AsyncResult } from "../result/async-result.ts";
import { chain } from "./chain.ts";
import { chord } from "./chord.ts";
import type { GroupResult } from "./group-result.ts";
import { group } from "./group.ts";
import type { ImmutableSignatureFactory, SignatureFactory } from "./signature-factory.ts";
import type { GroupSignature, NeedsNothing, Signature } from "./signature.ts";

interface Task<Args extends readonly unknown[], Result> {
  readonly s: SignatureFactory<Args, Result>;
  readonly si: ImmutableSignatureFactory<Args, Result>;
}

declare const add: Task<[x: number, y: number], number>;
declare const total: Task<[numbers: number[]], number>;
declare const show: Task<[value: number], string>;
declare const shout: Task<[text: string, times?: number], string>;
declare const tag: Task<[text: string, times?: number, ...marks: boolean[]], string>;
declare const scale: Task<[factor?: number, units?: readonly string[], ...marks: boolean[]], string>;
declare const log: Task<[...words: string[]], undefined>;
declare const store: Task<[value: { readonly kind: "a" | "b"; list: number[] }, place: string], boolean>;
declare const onError: Task<[taskId: string], null>;

test("a signature knows which arguments are still missing", () => {
  expectTypeOf(add.s(1, 2)).toEqualTypeOf<Signature<[], number>>();
  expectTypeOf(add.s(1)).toEqualTypeOf<Signature<[number], number>>();
  expectTypeOf(add.s()).toEqualTypeOf<Signature<[number, number], number>>();
  expectTypeOf(add.si(1, 2)).toEqualTypeOf<Signature<NeedsNothing, number>>();
  expectTypeOf(store.s("place")).toEqualTypeOf<Signature<[{ readonly kind: "a" | "b"; list: number[] }], boolean>>();
  expectTypeOf(store.s({ kind: "a", list: [1] }, "place")).toEqualTypeOf<Signature<[], boolean>>();
  // @ts-expect-error a text is no number
  add.s("1");
  // @ts-expect-error three are too many
  add.s(1, 2, 3);
  // @ts-expect-error all arguments are needed
  add.si(1);
});

test("an optional parameter may be missing or come before", () => {
  expectTypeOf(shout.s("a")).toEqualTypeOf<Signature<[], string>>();
  expectTypeOf(shout.s(2)).toEqualTypeOf<Signature<[string], string>>();
  expectTypeOf(chain(shout.s("a"), shout.s())).toEqualTypeOf<Signature<[], string>>();
  expectTypeOf(chain(show.s(1), shout.s(2))).toEqualTypeOf<Signature<[], string>>();
  expectTypeOf(chain(show.s(1), log.s("b"))).toEqualTypeOf<Signature<[], undefined>>();
});

test("so may each optional parameter before a rest parameter", () => {
  expectTypeOf(tag.s(2, true)).toEqualTypeOf<Signature<[string], string>>();
  expectTypeOf(tag.s("a", 2, true, false)).toEqualTypeOf<Signature<[], string>>();
  expectTypeOf(scale.s(["px"])).toEqualTypeOf<Signature<[number], string>>();
  expectTypeOf(chain(add.s(1, 2), scale.s())).toEqualTypeOf<Signature<[], string>>();
  expectTypeOf(chain(add.s(1, 2), scale.s(["px"], true))).toEqualTypeOf<Signature<[], string>>();
  expectTypeOf(chain(show.s(1), tag.s())).toEqualTypeOf<Signature<[], string>>();
  // @ts-expect-error a rest argument of another type
  tag.s(2, "a");
  // @ts-expect-error a factor and units are missing
  chain(add.s(1, 2), scale.s(true));
});

test("each step of a chain takes the result of the one before", () => {
  expectTypeOf(chain(add.s(1, 2), add.s(10))).toEqualTypeOf<Signature<[], number>>();
  expectTypeOf(chain(add.s(2), add.s(10), show.s())).toEqualTypeOf<Signature<[number], string>>();
  expectTypeOf(chain(show.s(1), add.si(1, 2))).toEqualTypeOf<Signature<[], number>>();
  expectTypeOf(chain(add.s(1, 2), add.s(10)).delay()).toEqualTypeOf<Promise<AsyncResult<number>>>();
  expectTypeOf(add.s(1).delay(2)).toEqualTypeOf<Promise<AsyncResult<number>>>();
  // @ts-expect-error a text does not fit where a number is needed
  chain(show.s(1), add.s(10));
  // @ts-expect-error the second step takes nothing more
  chain(add.s(1, 2), add.s(1, 2));
  // @ts-expect-error two numbers are missing
  chain(add.s(1, 2), add.s());
  // @ts-expect-error deep in a chain as well
  chain(add.s(1, 2), add.s(10), show.s(), add.s(1));
  // @ts-expect-error the first step still needs a number
  void chain(add.s(2), show.s()).delay();
});

test("a group gives the results of its members in order", () => {
  expectTypeOf(group([add.s(1, 1), show.s(2)])).toEqualTypeOf<GroupSignature<[], [number, string]>>();
  expectTypeOf(group([add.s(1), show.s()])).toEqualTypeOf<GroupSignature<[number], [number, string]>>();
  expectTypeOf(group([1, 2].map((n) => add.s(n, n)))).toEqualTypeOf<GroupSignature<[], number[]>>();
  expectTypeOf(group([add.s(1, 1), group([show.s(1), show.s(2)])])).toEqualTypeOf<
    GroupSignature<[], [number, string, string]>
  >();
  expectTypeOf(group([add.s(1, 1), show.s(2)]).delay()).toEqualTypeOf<Promise<GroupResult<[number, string]>>>();
  expectTypeOf(
    group([add.s(1, 1)])
      .delay()
      .then((sent) => sent.get()),
  ).toEqualTypeOf<Promise<[number]>>();
});

test("a chord's body takes the results of its header", () => {
  expectTypeOf(chord(group([add.s(1, 1), add.s(2, 2)]), total.s())).toEqualTypeOf<Signature<[], number>>();
  expectTypeOf(chord(group([add.s(1), add.s(2)]), total.s())).toEqualTypeOf<Signature<[number], number>>();
  expectTypeOf(chord(group([1, 2].map((n) => add.s(n, n))), chain(total.s(), show.s()))).toEqualTypeOf<
    Signature<[], string>
  >();
  expectTypeOf(chain(add.s(1, 1), group([add.s(1), add.s(2)]), total.s())).toEqualTypeOf<Signature<[], number>>();
  expectTypeOf(chain(add.s(1, 1), group([add.s(1), show.s()]))).toEqualTypeOf<GroupSignature<[], [number, string]>>();
  // @ts-expect-error texts are no numbers
  chord(group([show.s(1), show.s(2)]), total.s());
  // @ts-expect-error a chord's header is a group
  chord(add.s(1, 1), total.s());
  // @ts-expect-error the members need a number, and a text comes
  chain(show.s(1), group([add.s(1), add.s(2)]));
});

test("links take the result, errbacks the id of the task", () => {
  expectTypeOf(add.s(1, 2).link(show.s()).onError(onError.s())).toEqualTypeOf<Signature<[], number>>();
  add.s(1, 2).link(add.si(1, 1));
  // @ts-expect-error a number is no text
  add.s(1, 2).link(shout.s());
  // @ts-expect-error an errback gets a text
  add.s(1, 2).onError(show.s());
  // @ts-expect-error a workflow of many tasks has no one id
  group([add.s(1, 1)]).set({ taskId: "a" });
});
