import { spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Client } from "pg";
import { eventually } from "../processes/eventually.ts";
import { Guard } from "../services/guard/guard.ts";
import { whyMissing } from "../services/ladder/companion.ts";
import { findProgram } from "../services/private/find-program.ts";
import { freePort } from "../services/private/free-port.ts";
import { unprivilegedUser } from "../services/private/unprivileged-user.ts";
import { writeAs } from "../services/private/write-as.ts";

const folders = ["/usr/sbin"];
const startMs = 20_000;
const killTreeProgram = fileURLToPath(new URL("../services/private/kill-tree-program.ts", import.meta.url));

/** A PgBouncer that stands before a server and shares its sessions by transaction. */
export interface PgBouncer extends AsyncDisposable {
  readonly url: string;
}

/** Why there is no PgBouncer here. See `whyMissing`. */
export async function whyNoPgBouncer(): Promise<string | undefined> {
  return await whyMissing({ title: "PgBouncer", debianPackage: "pgbouncer", isHere });
}

function isHere(): boolean {
  try {
    findProgram("pgbouncer", folders);
    return true;
  } catch {
    // The error tells no more than that.
    return false;
  }
}

/** Starts one. It ends with this process at the latest. */
export async function startPgBouncer(serverUrl: string): Promise<PgBouncer> {
  const { hostname, port, pathname } = new URL(serverUrl);
  const user = unprivilegedUser(["postgres"]);
  const directory = mkdtempSync(path.join(tmpdir(), "lovage-pgbouncer-"));
  if (user.uid !== undefined && user.gid !== undefined) chownSync(directory, user.uid, user.gid);
  const ownPort = await freePort();
  const place = { directory, port: ownPort, settings: [], user };
  const users = await writeAs(place, "users.txt", '"postgres" ""\n');
  const configuration = await writeAs(
    place,
    "pgbouncer.ini",
    `[databases]
${pathname.slice(1)} = host=${hostname} port=${port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = transaction
default_pool_size = 10
max_client_conn = 500
ignore_startup_parameters = extra_float_digits
`,
  );
  const child = spawn(findProgram("pgbouncer", folders), [configuration], { stdio: "ignore", detached: true, ...user });
  await once(child, "spawn");
  child.unref();
  const guard = new Guard([process.execPath, killTreeProgram, String(child.pid)]);
  const url = `postgres://postgres@127.0.0.1:${ownPort}${pathname}`;
  const end = async (): Promise<void> => {
    const ended = child.exitCode === null ? once(child, "exit") : undefined;
    child.ref();
    child.kill("SIGKILL");
    await ended;
    await guard.release();
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    await eventually(() => answers(url), { what: "an answer of PgBouncer", withinMs: startMs, describe: () => url });
  } catch (error) {
    await end();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: end };
}

async function answers(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  try {
    await client.connect();
    await client.query("SELECT 1");
    return true;
  } catch {
    // It is starting still.
    return false;
  } finally {
    // A client that never connected has nothing to end, and whether it did is told above.
    await client.end().catch(() => {});
  }
}
