import process from "node:process";
import { catalogue } from "../../services/catalogue.ts";

/** The SQS that the environment names: AWS, or an emulator of somebody else's. Nothing of it may be stopped, emptied or cut off. */
export function givenSqs(): URL | undefined {
  const text = process.env[catalogue.sqs.variable] ?? "";
  return text === "" || (process.env["LOVAGE_TEST_RUNG"] ?? "") !== "" ? undefined : new URL(text);
}
