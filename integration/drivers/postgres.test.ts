import { backend } from "@lovage/backend-postgres";
import { transport } from "@lovage/transport-postgres";
import { describeOwnServer } from "../services/describe-own-server.ts";
import { agePostgres } from "./postgres/age-postgres.ts";
import { beginOn } from "./postgres/begin-on.ts";
import { dropSchema } from "./postgres/drop-schema.ts";
import { testDriver } from "./test-driver.ts";

/** A machine that stands still for a second is no defect of the driver. */
const pace = { leaseMs: 2_000, sweepMs: 200 };

describeOwnServer("postgres", (start) => {
  testDriver({
    name: "postgres",
    start,
    transport: {
      driver: transport,
      pace,
      place: (server, number) => {
        const schema = `case ${number}`;
        return {
          options: { schema, lease: pace.leaseMs, sweep: pace.sweepMs, poolSize: 3 },
          begin: () => beginOn(server.url),
          transacts: true,
          remove: () => dropSchema(server.url, schema),
        };
      },
    },
    backend: {
      driver: backend,
      place: (server, number) => {
        const schema = `case"${number}`;
        return {
          options: { schema, poolSize: 3 },
          age: (ms) => agePostgres(server.url, schema, ms),
          remove: () => dropSchema(server.url, schema),
        };
      },
      // The server's clock goes on while a sequence of calls is made.
      model: { toleranceMs: 250 },
    },
  });
});
