import type { InteropBroker } from "./interop-broker.ts";

/** Queues of SQS, and Celery's results in Redis. Moto is the one emulator that speaks the protocol of older Kombus as well. */
export const sqs: InteropBroker = {
  name: "sqs",
  service: "moto",
  results: "redis",
  delays: "worker",
  features: new Set(["chords"]),
  place: ({ url, resultsUrl }) => {
    const broker = `sqs://test:test@${new URL(url).host}`;
    return {
      broker: `${broker}?lease=4s`,
      backend: resultsUrl,
      celeryBroker: broker,
      celeryBackend: resultsUrl,
      celeryConfig: {
        broker_transport_options: { region: "us-east-1", is_secure: false },
        worker_enable_remote_control: false,
      },
      // Nobody answers there, and boto3 would wait for it.
      celeryEnv: { AWS_EC2_METADATA_DISABLED: "true" },
    };
  },
};
