export { CheckedSchema } from "./checked-schema.ts";
export type { CheckedSchemaOptions } from "./checked-schema.ts";
export { callerTransaction } from "./caller-transaction.ts";
export type { CallerTransactionOptions, PostgresTransaction, RunInTransaction } from "./caller-transaction.ts";
export type { ChannelListener } from "./lifeline.ts";
export { PostgresClient } from "./postgres-client.ts";
export type { PostgresOpening } from "./postgres-client.ts";
export type { PostgresSession, QueryOptions } from "./postgres-session.ts";
export { isPostgresError, isRefusedConnection, PostgresError } from "./postgres-error.ts";
export type { PostgresErrorKind } from "./postgres-error.ts";
export { postgresOptionNames, postgresOptions, postgresTarget } from "./postgres-options.ts";
export type {
  PasswordSource,
  PostgresOptions,
  PostgresOptionsShape,
  PostgresTarget,
  ReadyClient,
  ReadyPool,
  SslMode,
} from "./postgres-options.ts";
export type { PostgresLocation } from "./postgres-url.ts";
export { quoteIdentifier, quoteLiteral } from "./quote-identifier.ts";
export { readBytes } from "./read-bytes.ts";
export { placeFunctionsSql, SchemaPlace } from "./schema-place.ts";
export type { PlaceFunctions } from "./schema-place.ts";
export { openSchema } from "./open-schema.ts";
export type { SchemaOpening } from "./open-schema.ts";
export { applySchema, planSchema } from "./schema.ts";
export { storeSchema } from "./store-schema.ts";
export type { StoreSchemaOptions } from "./store-schema.ts";
export type { SchemaComponent, SchemaStep } from "./schema.ts";
export { defineStatement, numberArray } from "./statement.ts";
export type { PostgresRows, PostgresStatement, PostgresValue } from "./statement.ts";
export { announceSql, announceUncommittedSql, notifySql, WakeUps } from "./wake-ups.ts";
export { runStatement } from "./run-statement.ts";
export type { WakeScope } from "./wake-ups.ts";
export { serverFacts } from "./server-facts.ts";
export { serverTimeMs } from "./server-time.ts";
export type { Durability, ServerFacts } from "./server-facts.ts";
export { postgresErrorsAs } from "./postgres-errors-as.ts";
export type { ContractError, ContractErrors, WithContractErrors, WithErrors } from "./postgres-errors-as.ts";
export { functionSettings, nowMs, nowMsOnce, placeInList } from "./function-settings.ts";
