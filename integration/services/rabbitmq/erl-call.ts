import { execFile } from "node:child_process";
import type { ExecFileOptions } from "node:child_process";
import { randomUUID } from "node:crypto";
import { promisify } from "node:util";
import { findProgram } from "../private/find-program.ts";

const folders = ["/usr/lib/erlang/bin", "/usr/local/lib/erlang/bin"];

/**
 * What `rabbitmqctl eval` does, without an Erlang of its own: starting that and loading the tool keep a processor busy for most of a second.
 * @param options As for `rabbitmqctl`: the environment names the node.
 * @returns what the code comes to, as Erlang writes it; `undefined` where Erlang was installed without `erl_call`
 * @throws Error with what went wrong in the node
 */
export async function erlCall(code: string, options: ExecFileOptions): Promise<string | undefined> {
  const program = findErlCall();
  if (program === undefined) return undefined;
  const { RABBITMQ_NODENAME: node = "", RABBITMQ_ERLANG_COOKIE: cookie } = options.env ?? {};
  // Without one it takes that of its home.
  const secret = cookie === undefined ? [] : ["-c", cookie];
  // By default all have one name, and a node refuses the second of those who come at once.
  const self = ["-h", `call-${randomUUID()}`];
  const args = ["-sname", node, ...self, ...secret, "-e"];
  const running = promisify(execFile)(program, args, { ...options, encoding: "utf8" });
  running.child.stdin?.end(`${code}\n`);
  const { stdout } = await running;
  const [, result] = /^\{ok, (.*)\}$/su.exec(stdout) ?? [];
  if (result === undefined) throw new Error(`The node could not evaluate ${code} ${stdout}`);
  return result;
}

function findErlCall(): string | undefined {
  try {
    return findProgram("erl_call", folders);
  } catch {
    // Some packages of Erlang leave it out.
    return undefined;
  }
}
