import { postgresErrorsAs, type WithErrors } from "@lovage/client-postgres";
import {
  PublishUncertainError,
  StorageFullError,
  TransportRejectedError,
  TransportUnavailableError,
} from "@lovage/transport";

const { repeatable, once } = postgresErrorsAs({
  unavailable: TransportUnavailableError,
  rejected: TransportRejectedError,
  full: StorageFullError,
  uncertain: PublishUncertainError,
});

/** What work gives, its errors as the contract of transports has them. */
export const asTransport: WithErrors = repeatable;

/** As {@link asTransport}, for a commit. */
export const asCommit: WithErrors = once;
