import { testAmqp } from "./amqp/test-amqp.ts";

testAmqp({ queueType: "classic", maxPriority: 10 });
