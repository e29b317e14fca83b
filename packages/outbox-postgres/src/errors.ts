import { postgresErrorsAs, type WithErrors } from "@lovage/client-postgres";
import {
  PublishUncertainError,
  StorageFullError,
  TransportBusyError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";

const { opening, repeatable, once } = postgresErrorsAs({
  unavailable: TransportUnavailableError,
  busy: TransportBusyError,
  rejected: TransportRejectedError,
  full: StorageFullError,
  uncertain: PublishUncertainError,
});

/** What a connection that is being made gives, its errors as the contract of transports has them. */
export const asOpening: WithErrors = opening;

/** What work on an open one gives. */
export const asTransport: WithErrors = repeatable;

/** As {@link asTransport}, for a commit. */
export const asCommit: WithErrors = once;
