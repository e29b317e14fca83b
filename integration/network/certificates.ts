import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { chmod, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

/** Certificates of an authority of one's own, made by `openssl`. */
export class Certificates implements Disposable {
  readonly directory: string;

  private constructor() {
    this.directory = mkdtempSync(path.join(tmpdir(), "lovage-certificates-"));
  }

  /** Makes the authority, and certificates for a server at 127.0.0.1 (`server`), at another host (`stranger`), and for a client (`client`). */
  static async make(): Promise<Certificates> {
    const made = new Certificates();
    // Servers may run as another user.
    await chmod(made.directory, 0o755);
    const authority = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Lovage test authority"];
    await made.#openssl("req", ...authority, "-keyout", "ca.key", "-out", "ca.crt");
    await made.#issue("server", "IP:127.0.0.1,DNS:localhost");
    await made.#issue("stranger", "DNS:stranger.example");
    await made.#issue("client", "DNS:client");
    return made;
  }

  /** Where a file is, such as `server.crt` or `ca.crt`. */
  file(name: string): string {
    return path.join(this.directory, name);
  }

  async read(name: string): Promise<string> {
    return await readFile(this.file(name), "utf8");
  }

  [Symbol.dispose](): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  async #issue(name: string, altNames: string): Promise<void> {
    const request = ["-newkey", "rsa:2048", "-nodes", "-subj", `/CN=${name}`];
    await this.#openssl("req", "-new", ...request, "-keyout", `${name}.key`, "-out", `${name}.csr`);
    await writeFile(this.file(`${name}.ext`), `subjectAltName=${altNames}\n`);
    const signing = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
    await this.#openssl("x509", "-req", "-in", `${name}.csr`, ...signing, "-out", `${name}.crt`);
    await chmod(this.file(`${name}.key`), 0o644);
  }

  async #openssl(...args: readonly string[]): Promise<void> {
    await promisify(execFile)("openssl", args, { cwd: this.directory });
  }
}
