import path from "node:path";
import { findProgram } from "../private/find-program.ts";
import { freePort } from "../private/free-port.ts";
import type { Place, PrivateRecipe } from "../private/private-recipe.ts";
import { writeAs } from "../private/write-as.ts";
import { erlCall } from "./erl-call.ts";

// What Debian puts on the PATH changes the user and the environment itself; the server proper is here.
const folders = ["/usr/lib/rabbitmq/bin"];

// Nodes find each other through a port mapper. The node gets one of its own, in its own process group: it leaves no
// daemon behind, and it does not appear in the machine's.
const launchScript = `
  epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" &
  until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do sleep 0.05; done
  exec "$0"`;

/** A RabbitMQ node of its own with the user guest, password guest. */
export const privateRabbitmq: PrivateRecipe = {
  users: ["rabbitmq"],
  locate: () => {
    const server = findProgram("rabbitmq-server", folders);
    // Erlang's port mapper, which comes with it.
    findProgram("epmd");
    return server;
  },
  locateTool: (program) => findProgram(program, folders),
  standIn: async (program, [command, code = "", ...more], options) =>
    program === "rabbitmqctl" && command === "eval" && more.length === 0 ? await erlCall(code, options) : undefined,
  prepare: async (place) => ({
    command: "/bin/sh",
    args: ["-c", launchScript, findProgram("rabbitmq-server", folders)],
    env: await writeConfiguration(place),
  }),
};

async function writeConfiguration(place: Place): Promise<Readonly<Record<string, string>>> {
  const { directory, port, settings } = place;
  const lines = [`listeners.tcp.1 = 127.0.0.1:${port}`, "log.console = true", "log.file = false"];
  await writeAs(place, "rabbitmq.conf", [...lines, "disk_free_limit.absolute = 50MB", ...settings, ""].join("\n"));
  await writeAs(place, ".erlang.cookie", `lovage${port}`);
  return {
    HOME: directory,
    ERL_EPMD_ADDRESS: "127.0.0.1",
    ERL_EPMD_PORT: String(await freePort()),
    RABBITMQ_BASE: directory,
    RABBITMQ_CONFIG_FILE: path.join(directory, "rabbitmq"),
    RABBITMQ_CONF_ENV_FILE: await writeAs(place, "rabbitmq-env.conf", ""),
    RABBITMQ_DIST_PORT: String(await freePort()),
    RABBITMQ_ENABLED_PLUGINS_FILE: await writeAs(place, "enabled_plugins", "[].\n"),
    RABBITMQ_LOG_BASE: directory,
    RABBITMQ_LOGS: "-",
    RABBITMQ_MNESIA_BASE: path.join(directory, "data"),
    RABBITMQ_NODENAME: `lovage${port}@localhost`,
    RABBITMQ_PID_FILE: path.join(directory, "pid"),
    // Schedulers that wait must not spin: others work on the same few cores.
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: "+sbwt none +sbwtdcpu none +sbwtdio none",
  };
}
