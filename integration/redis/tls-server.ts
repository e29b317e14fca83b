import { freePort } from "../services/private/free-port.ts";
import type { StartServer } from "../services/describe-own-server.ts";
import type { OwnServer } from "../services/service.ts";
import type { Certificates } from "../network/certificates.ts";

/** A server that speaks TLS at a second port. */
export interface TlsServer extends AsyncDisposable {
  readonly server: OwnServer;
  readonly tlsPort: number;
  /** `rediss://127.0.0.1:…` */
  readonly url: string;
}

/** What a {@link TlsServer} is started with. */
export interface TlsServerOptions {
  readonly certificates: Certificates;
  /** Whose certificate it shows. @default "server" */
  readonly as?: string;
  /** It wants a certificate of its clients. @default false */
  readonly wantsClients?: boolean;
  readonly settings?: readonly string[];
}

/** Starts a private server that has a port with TLS beside the plain one, which programs of the server use. */
export async function startTlsServer(
  start: StartServer,
  { certificates, as = "server", wantsClients = false, settings = [] }: TlsServerOptions,
): Promise<TlsServer> {
  const tlsPort = await freePort();
  const shown = ["--tls-cert-file", certificates.file(`${as}.crt`), "--tls-key-file", certificates.file(`${as}.key`)];
  const trusted = [
    "--tls-ca-cert-file",
    certificates.file("ca.crt"),
    "--tls-auth-clients",
    wantsClients ? "yes" : "no",
  ];
  const server = await start({ settings: ["--tls-port", String(tlsPort), ...shown, ...trusted, ...settings] });
  return {
    server,
    tlsPort,
    url: `rediss://127.0.0.1:${tlsPort}`,
    [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose](),
  };
}
