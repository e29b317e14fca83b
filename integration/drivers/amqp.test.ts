import { testAmqp } from "./amqp/test-amqp.ts";

testAmqp({ queueType: "quorum" });
