import { chosenNames } from "../brokers/brokers.ts";
import type { Broker } from "../brokers/broker.ts";
import { sqs, sqsMoto } from "../brokers/sqs.ts";

/** What stands for SQS in this run: moto where that was named, else fauxqs. */
export const sqsOfRun: Broker & Required<Pick<Broker, "service">> = {
  service: "sqs",
  ...(chosenNames.includes(sqsMoto.name) ? sqsMoto : sqs),
};
