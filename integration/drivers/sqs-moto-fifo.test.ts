import { moto } from "./sqs/moto.ts";
import { testSqs } from "./sqs/test-sqs.ts";

testSqs({ kind: "FIFO" }, moto);
