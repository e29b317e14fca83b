import { fauxqs } from "./sqs/fauxqs.ts";
import { testSqs } from "./sqs/test-sqs.ts";

testSqs({ kind: "FIFO" }, fauxqs);
