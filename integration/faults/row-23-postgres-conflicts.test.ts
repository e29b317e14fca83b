import { quoteIdentifier } from "@lovage/client-postgres";
import { expect } from "vitest";
import { postgres, schemaOf } from "../brokers/postgres.ts";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import { askServer } from "../postgres/ask-server.ts";

const tasks = 1_000;

/** Makes one of ten transactions that change messages or results fail as a conflict with another one would; one that is tried again has its own luck. */
function conflictSql(schema: string): string {
  return `
    CREATE SEQUENCE ${schema}.conflicts;
    CREATE FUNCTION ${schema}.conflict() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF hashtextextended(pg_current_xact_id()::text, 0) % 10 = 0 THEN
        PERFORM nextval('${schema}.conflicts');
        RAISE EXCEPTION 'injected' USING ERRCODE = CASE WHEN random() < 0.5 THEN '40001' ELSE '40P01' END;
      END IF;
      RETURN NULL;
    END $$;
    CREATE TRIGGER conflict AFTER INSERT OR UPDATE OR DELETE ON ${schema}.messages FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.conflict();
    CREATE TRIGGER conflict AFTER INSERT OR UPDATE OR DELETE ON ${schema}.results FOR EACH STATEMENT EXECUTE FUNCTION ${schema}.conflict();`;
}

fault(
  23,
  "one of ten transactions failing by a conflict is seen by nobody",
  async (scene) => {
    await scene.startWorkers(2);
    const schema = quoteIdentifier(schemaOf(scene.directory));
    await askServer(scene.server.url, (client) => client.query(conflictSql(schema)));
    await scene.send(
      "load.wait",
      Array.from({ length: tasks }, () => [5]),
    );
    await scene.untilFinished(tasks);
    await scene.untilEmpty();
    const conflicts = await askServer(scene.server.url, (client) =>
      client.query<{ last_value: string }>(`SELECT last_value FROM ${schema}.conflicts`),
    );
    expect(Number(conflicts.rows[0]?.last_value)).toBeGreaterThan(20);
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: tasks, lost: [], doubled: 0, zombieWrites: 0 });
    recordFigures({
      row: 23,
      broker: scene.broker,
      fault: "a tenth of all transactions fails by a conflict",
      ...figuresOf(verdict),
      interruptedLimit: 0,
      timings: [],
    });
  },
  { only: postgres, timeoutMs: 180_000 },
);
