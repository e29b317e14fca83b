import { expect, test } from "vitest";

import { checkOptions } from "./check-options.ts";
import { optionsSchema } from "./options-schema.ts";
import { readDriverUrl, type DriverUrlForm } from "./read-driver-url.ts";
import { wholeNumberOption } from "./whole-number-option.ts";

interface Options {
  readonly batch?: number | undefined;
  readonly retries?: number | undefined;
}

const form: DriverUrlForm<Options> = {
  schema: optionsSchema<Options>({ batch: wholeNumberOption({ min: 1 }), retries: wholeNumberOption({ min: 0 }) }),
  names: ["batch", "retries"],
  whose: "the test transport",
};

test("what stands beside a URL goes before what is in it", async () => {
  const opening = { url: "test://host/1?batch=5&retries=2", options: { retries: 7 } };
  expect(await readDriverUrl(opening, form)).toEqual({ base: "test://host/1", options: { batch: 5, retries: 7 } });
});

test("a value in a URL that is not accepted is told with whose it is", async () => {
  await expect(readDriverUrl({ url: "test://host?batch=0", options: {} }, form)).rejects.toMatchObject({
    code: "OPTION_INVALID",
    message: "The options of the test transport cannot be used: batch: must be a whole number, 1 or more.",
  });
});

test("all faults of options are told at once", async () => {
  await expect(checkOptions(form.schema, { batch: 0, retries: -1 }, form.whose)).rejects.toMatchObject({
    code: "OPTION_INVALID",
    field: "options",
    message: expect.stringMatching(/batch: .*; retries: /u) as string,
  });
});
