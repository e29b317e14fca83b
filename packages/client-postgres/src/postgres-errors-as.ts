import { translateErrors } from "@lovage/foundation";

import { isPostgresError, isRefusedConnection, type PostgresError, type PostgresErrorKind } from "./postgres-error.ts";

/** Class of an error of a contract. */
export type ContractError = new (message: string, options: { readonly cause: unknown }) => Error;

/** The errors of a contract that stand for those of the client. */
export interface ContractErrors {
  /** The same call may succeed later; nothing was written. */
  readonly unavailable: ContractError;
  /** As `unavailable`, of a server that has answered: nothing is wrong with the connection. */
  readonly busy: ContractError;
  /** It will not. */
  readonly rejected: ContractError;
  readonly full: ContractError;
  /** It is open whether it was written. */
  readonly uncertain: ContractError;
}

/** Runs work; errors of the client come as those of a contract, others as they are. */
export type WithErrors = <T>(work: () => T | Promise<T>) => Promise<T>;

/** Ways to run work. Once a database was open a connection that it refuses is one that cannot be had now. */
export interface WithContractErrors {
  /** The first connection, and each that is made anew: what is refused may need a person. */
  readonly opening: WithErrors;
  /** Work that may be done twice. */
  readonly repeatable: WithErrors;
  /** Work that must not be done twice: a connection that broke meanwhile leaves it open whether it was done. */
  readonly once: WithErrors;
}

/** Tables that are missing are made when the connection is opened anew, as after the loss of all data. */
const meanings: Readonly<Record<PostgresErrorKind, keyof ContractErrors>> = {
  unavailable: "unavailable",
  broken: "unavailable",
  conflict: "busy",
  timeout: "busy",
  missing: "unavailable",
  full: "full",
  denied: "rejected",
  other: "rejected",
};

/** What is not open yet is not to be had, whatever stands in its way. */
function meaningOfOpening({ kind }: PostgresError): keyof ContractErrors {
  const meaning = meanings[kind];
  return meaning === "busy" ? "unavailable" : meaning;
}

function meaningLater(error: PostgresError): keyof ContractErrors {
  return isRefusedConnection(error) ? "unavailable" : meanings[error.kind];
}

/** Makes the client's errors those of a contract, by their kind. */
export function postgresErrorsAs(errors: ContractErrors): WithContractErrors {
  const withMeaning =
    (meaningOf: (error: PostgresError) => keyof ContractErrors): WithErrors =>
    (work) =>
      translateErrors(work, (error) =>
        isPostgresError(error) ? new errors[meaningOf(error)](error.message, { cause: error }) : error,
      );
  return {
    opening: withMeaning(meaningOfOpening),
    repeatable: withMeaning(meaningLater),
    once: withMeaning((error) => (error.kind === "broken" ? "uncertain" : meaningLater(error))),
  };
}
