import type { OwnRung } from "../../services/ladder/server-maker.ts";
import type { TransportUnderTest } from "../test-driver.ts";
import type { SqsUnderTest } from "./sqs-under-test.ts";

/** Titles of cases, with the reasons why they are not run. */
type Exceptions = Readonly<Record<string, string>>;

/** An emulator of SQS. */
export interface SqsEmulator {
  readonly service: "sqs" | "moto";
  readonly rungs: readonly OwnRung[];
  /** What it cannot do and SQS can, with its name in the reasons. */
  readonly except: Readonly<Record<SqsUnderTest["kind"], Exceptions>>;
  readonly outlivesRestarts: boolean;
  readonly stress: NonNullable<TransportUnderTest<unknown>["stress"]>;
}
