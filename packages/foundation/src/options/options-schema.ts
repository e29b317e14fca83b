import { pipe, strictObject, transform, type GenericSchema } from "valibot";

import { withoutUndefined } from "../without-undefined.ts";
import type { OptionSchema } from "./option-schema.ts";

/** The fields of an options object, each with what checks it. */
type OptionFields = Readonly<Record<string, OptionSchema<unknown>>>;

/** Checks an object of options. @typeParam In What a user writes. @typeParam Out What the program gets. */
export type OptionsSchema<In, Out = In> = GenericSchema<In, Out>;

/**
 * Checks an object of options; one that is not known is refused with those that are. What is `undefined` is left out: options beside a URL
 * are spread over those in its query, and must not hide them.
 * @typeParam In What a user writes. @typeParam Out What the program gets.
 */
export function optionsSchema<In extends object, Out extends object = In>(fields: object): OptionsSchema<In, Out> {
  const names = Object.keys(fields).join(", ");
  const schema = strictObject(fields as OptionFields, (issue) =>
    issue.expected === "never" ? `there is no such option; there are ${names}` : `expected an object of options`,
  );
  return pipe(schema, transform(withoutUndefined)) as unknown as OptionsSchema<In, Out>;
}
