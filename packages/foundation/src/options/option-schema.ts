import type { GenericSchema } from "valibot";

/** Checks one option that may be left out. @typeParam In What a user writes. @typeParam Out What the program gets. */
export type OptionSchema<Out, In = Out> = GenericSchema<In | undefined, Out | undefined>;
