import type { SettableClock } from "../clock/settable-clock.ts";
import type { ServiceName } from "./service-name.ts";

/** How a service was come by. */
export type Rung = "environment" | "container" | "private";

/** A service that answers. */
export interface Service {
  readonly name: ServiceName;
  /** Where clients connect to. For SQS the endpoint, any region and any credentials. */
  readonly url: string;
  readonly rung: Rung;
  /** Where it comes from, in words. Holds no secrets. */
  readonly origin: string;
}

/** What a server is started with. */
export interface ServerOptions {
  /**
   * Settings beside the defaults: command-line arguments of redis-server and postgres, lines of rabbitmq.conf.
   * @default none
   */
  readonly settings?: readonly string[];
  /** The clock that it goes by. Of a private server only. @default the machine's */
  readonly clock?: SettableClock;
}

/** A server that programs can be run on. Whoever shares it does not end it. */
export interface Server extends Service {
  /**
   * Runs a program that comes with the server, where the server runs: `redis-cli`, `psql`, `rabbitmqctl`.
   * @returns what it printed
   * @throws Error when it fails, with what it printed
   */
  execute(program: string, args: readonly string[]): Promise<string>;
}

/** How a server is started again. */
export interface RestartOptions {
  /** @default true */
  readonly keepsData?: boolean;
}

/**
 * A server that belongs to one test, or to one run of tests: it may be killed, stopped and emptied. It ends with the
 * process that started it, even when that one is killed. Its port stays the same.
 *
 * | mode | entered by | left by |
 * |---|---|---|
 * | running | `start`, `restart`, `resume` | `kill`, `stop`, `pause`, disposal |
 * | paused: frozen with its sockets open | `pause` | `resume`, `kill`, disposal |
 * | ended: the port refuses, the data is kept | `kill`, `stop` | `start`, `restart`, disposal |
 */
export interface OwnServer extends Server, AsyncDisposable {
  readonly port: number;
  /** Starts it again after `kill` or `stop`, with its data. Resolves when it answers. */
  start(): Promise<void>;
  /** A crash: SIGKILL to all of its processes. Resolves when they are gone. */
  kill(): Promise<void>;
  /** An orderly end. Resolves when it has ended. */
  stop(): Promise<void>;
  /** An orderly end, or none when it had ended, and a start; on request with empty storage. */
  restart(options?: RestartOptions): Promise<void>;
  /** Freezes it, as SIGSTOP does. */
  pause(): Promise<void>;
  /** Lets it go on. */
  resume(): Promise<void>;
  /**
   * Ends the connections of all clients, by the server's own command.
   * @throws Error for SQS, which has no such command: cut the connections with a `FaultProxy`.
   */
  dropClients(): Promise<void>;
  /** The last lines that it has written. */
  log(): Promise<string>;
}
