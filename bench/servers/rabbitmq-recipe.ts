import type { OwnServer } from "../../integration/services/service.ts";
import type { Scale } from "../cases/bench-case.ts";
import type { ServerRecipe } from "./bench-server.ts";

/** RabbitMQ with a virtual host of its own for each measurement, of which the one before is deleted. */
export function rabbitmqRecipe(scale: Scale): ServerRecipe {
  // Each call of its tool starts an Erlang, which takes a second: where nothing is measured, a dozen is made at once, and what was before stays.
  const madeAtOnce = scale === "full" ? 1 : 12;
  let made = 0;
  const ready: string[] = [];
  return {
    settings: [],
    durability:
      "durable queues, persistent messages, publisher confirms: a job is on disk before it counts as accepted",
    versionOf: async (server) => {
      const said = await evaluate(server, 'io:format("~s~n", [rabbit_misc:version()]).');
      return `RabbitMQ ${said.split("\n")[0] ?? "of unknown version"}`;
    },
    freshUrl: async (server) => {
      if (ready.length === 0) {
        const names = Array.from({ length: madeAtOnce }, (_, index) => `bench${made + index}`);
        await evaluate(server, makeHosts(names, scale === "full" ? `bench${made - 1}` : undefined));
        made += names.length;
        ready.push(...names);
      }
      const place = new URL(server.url);
      place.pathname = `/${ready.shift()}`;
      return place.href;
    },
  };
}

function makeHosts(names: readonly string[], old: string | undefined): string {
  const user = '<<"guest">>';
  const all = '<<".*">>';
  const remove = old === undefined ? "" : `catch rabbit_vhost:delete(<<"${old}">>, ${user}), `;
  const list = names.map((name) => `<<"${name}">>`).join(", ");
  const make = `rabbit_vhost:add(V, ${user}), rabbit_auth_backend_internal:set_permissions(${user}, V, ${all}, ${all}, ${all}, ${user})`;
  return `${remove}[begin ${make} end || V <- [${list}]].`;
}

async function evaluate(server: OwnServer, code: string): Promise<string> {
  return (await server.execute("rabbitmqctl", ["--quiet", "eval", code])).trim();
}
