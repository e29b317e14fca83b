import type { ServiceName } from "../../services/service-name.ts";

/** Where both sides of a test meet. */
export interface MeetingPlace {
  /** For Lovage. */
  readonly broker: string;
  readonly backend: string;
  /** For Celery. */
  readonly celeryBroker: string;
  readonly celeryBackend: string;
  /** Settings of the Celery app that this broker needs. */
  readonly celeryConfig?: Readonly<Record<string, unknown>>;
  /** Variables that Python needs to see for this broker. */
  readonly celeryEnv?: Readonly<Record<string, string>>;
  /** How queues are made, for Lovage, where that is not the default. */
  readonly drivers?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** What the same queues are declared with, for Celery. */
  readonly celeryArguments?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/** What a place is made of. */
export interface MeetingGround {
  /** Of the broker, a server of the test's own. */
  readonly url: string;
  /** Of the server for results, where the broker's description names one. */
  readonly resultsUrl: string;
  /** Of the broker's server, such as `4.0.5`; empty where it does not tell. */
  readonly version: string;
  /** Release of Celery, such as `5.2.6`. */
  readonly celery: string;
}

/** What of Celery there is over a broker; suites about the rest are not run. */
export type InteropFeature = "priorities" | "control" | "chords";

/** A broker that Celery speaks, too. Every suite is written once; a further broker is one more of these, in `brokers.ts`. */
export interface InteropBroker {
  readonly name: string;
  readonly service: ServiceName;
  /** Another server that keeps the results. @default the broker does */
  readonly results?: ServiceName;
  /** A result is read by who sent the call, and by nobody else. @default false */
  readonly isReadByCallerOnly?: boolean;
  /** Who holds a call for a queue of Celery's until it is due. */
  readonly delays: "worker" | "broker";
  readonly features: ReadonlySet<InteropFeature>;
  place(ground: MeetingGround): MeetingPlace;
}
