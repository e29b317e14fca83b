import { quoteIdentifier } from "@lovage/client-postgres";
import { expect } from "vitest";
import { postgres, schemaOf } from "../brokers/postgres.ts";
import { figuresOf, recordFigures } from "../figures/record-figures.ts";
import { judge } from "../ledger/verdict.ts";
import { fault } from "../scene/fault.ts";
import type { Scene } from "../scene/scene.ts";
import { askServer } from "../postgres/ask-server.ts";

const tasks = 1_000;
/** So many conflicts are to be seen; how many transactions there are is the driver's affair. */
const conflicts = 20;
const mostRounds = 10;

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

async function countConflicts(scene: Scene, schema: string): Promise<number> {
  const { rows } = await askServer(scene.host.server.url, (client) =>
    client.query<{ last_value: string }>(`SELECT last_value FROM ${schema}.conflicts`),
  );
  return Number(rows[0]?.last_value);
}

fault(
  23,
  "one of ten transactions failing by a conflict is seen by nobody",
  async (scene) => {
    await scene.startWorkers(2);
    const schema = quoteIdentifier(schemaOf(scene.directory));
    await askServer(scene.host.server.url, (client) => client.query(conflictSql(schema)));
    let sent = 0;
    let seen = 0;
    while (seen <= conflicts && sent < mostRounds * tasks) {
      await scene.send(
        "load.wait",
        Array.from({ length: tasks }, () => [5]),
      );
      sent += tasks;
      await scene.untilFinished(sent);
      seen = await countConflicts(scene, schema);
    }
    await scene.untilEmpty();
    expect(seen).toBeGreaterThan(conflicts);
    const verdict = judge(scene.entries);
    expect(verdict).toMatchObject({ accepted: sent, lost: [], doubled: 0, zombieWrites: 0 });
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
