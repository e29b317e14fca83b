export { BackendUnavailableError, DocumentTooLargeError } from "@lovage/backend";
export type { Backend, ResultState } from "@lovage/backend";
export {
  ClosedError,
  ConfigurationError,
  DriverLoadError,
  DriverNotFoundError,
  hasCode,
  isLovageError,
  LovageError,
  NameError,
  OptionError,
  SchemaVersionError,
} from "@lovage/foundation";
export type { Clock, Duration, Log } from "@lovage/foundation";
export {
  FeatureUnsupportedError,
  LeaseLostError,
  MessageTooLargeError,
  MessageUnroutableError,
  PublishError,
  PublishTimeoutError,
  PublishUncertainError,
  QueueNotFoundError,
  StorageFullError,
  TopologyMismatchError,
  TransactionUnsupportedError,
  TransportRejectedError,
  TransportBusyError,
  TransportUnavailableError,
} from "@lovage/transport";
export type {
  Connection,
  ConnectionState,
  DeathRecord,
  Headers,
  HeaderValue,
  MessageSelection,
  MessageState,
  QueueConsumers,
  QueueStats,
} from "@lovage/transport";
export type { App } from "./app/app.ts";
export type { AnyTask } from "./app/any-task.ts";
export type {
  AppOptions,
  BackendOption,
  BrokerOption,
  DriverLocation,
  QueueOptions,
  Routes,
} from "./app/app-options.ts";
export type { ApplyOptions } from "./app/apply-options.ts";
export type { CallOptions, ManyCallOptions } from "./app/call-options.ts";
export { createApp } from "./app/create-app.ts";
export { defineTask } from "./app/define-task.ts";
export type {
  BoundHandler,
  BoundOption,
  CheckedHandler,
  InputSchema,
  TaskFactory,
  UnboundOption,
  WithoutContext,
} from "./app/task-factory.ts";
export type { Task, TaskCalls, TaskHandler } from "./app/task.ts";
export type { AckMode, DeadLetterMode, ErrorFilter, InputOption, TaskOptions } from "./app/task-options.ts";
export type { Beat } from "./beat/beat.ts";
export type { BeatHealth, BeatState } from "./beat/beat-health.ts";
export type { BeatOptions } from "./beat/beat-options.ts";
export type { ScheduleBook } from "./beat/book/schedule-book.ts";
export type { ScheduleEntry } from "./beat/book/schedule-entry.ts";
export type {
  ArgsOf,
  MissedPolicy,
  OverlapPolicy,
  ScheduledArguments,
  ScheduledCallOptions,
  ScheduleOptions,
  SchedulePolicies,
} from "./beat/definition/schedule-options.ts";
export { importCeleryBeat } from "./beat/import-celery-beat.ts";
export type { CeleryBeatOptions } from "./beat/import-celery-beat.ts";
export { at } from "./beat/schedule/at.ts";
export { crontab } from "./beat/schedule/crontab.ts";
export type { CrontabOptions } from "./beat/schedule/crontab.ts";
export { every } from "./beat/schedule/every.ts";
export type { EveryOptions } from "./beat/schedule/every.ts";
export { ScheduleHorizonError, ScheduleValidationError } from "./beat/schedule/schedule-errors.ts";
export type {
  AtSpec,
  CrontabField,
  CrontabFields,
  CrontabSpec,
  EverySpec,
  ScheduleSpec,
  SolarEvent,
  SolarPlace,
  SolarSpec,
} from "./beat/schedule/schedule-spec.ts";
export type { Schedule } from "./beat/schedule/schedule.ts";
export { solar } from "./beat/schedule/solar.ts";
export { chain } from "./canvas/chain.ts";
export type { ChainOf, Linked } from "./canvas/chain.ts";
export { chord } from "./canvas/chord.ts";
export type { GroupResult } from "./canvas/group-result.ts";
export { group } from "./canvas/group.ts";
export type { GroupNeeds, GroupResults } from "./canvas/group.ts";
export type { ImmutableSignatureFactory, SignatureFactory } from "./canvas/signature-factory.ts";
export type { SignatureOptions, WorkflowOptions } from "./canvas/signature-options.ts";
export type { Canvas, Following, GroupSignature, NeedsNothing, Signature, Workflow } from "./canvas/signature.ts";
export type { LogLevel } from "./log/log-level.ts";
export type { PinoLike } from "./log/pino-like.ts";
export {
  PayloadDecodeError,
  PayloadEncodeError,
  PayloadTooLargeError,
  PayloadValidationError,
  ResultEncodeError,
} from "./protocol/errors.ts";
export type { DecodeFault } from "./protocol/errors.ts";
export type {
  DeadLetters,
  DeadSelection,
  ListDeadOptions,
  ListOptions,
  QueueEntry,
  QueueHandle,
  QueueListing,
  QueuePage,
} from "./queue/queue-handle.ts";
export type { AsyncResult, CancelOptions, GetOptions } from "./result/async-result.ts";
export type { Received } from "./result/received.ts";
export {
  NoResultBackendError,
  RemoteTaskError,
  ResultExpiredError,
  TaskRevokedError,
  TimeoutError,
} from "./result/errors.ts";
export type { RemoteFailure } from "./result/errors.ts";
export {
  FollowUpError,
  MaxRetriesExceededError,
  PoisonMessageError,
  RetryTooLateError,
  SoftTimeLimitExceeded,
  TaskEndedError,
  TaskTransactionError,
  TimeLimitExceeded,
  UnknownTaskError,
  WorkerLostError,
  WorkerShutdownError,
} from "./worker/run/errors.ts";
export type { DeliveryInfo, RetryOptions, TaskContext } from "./worker/run/task-context.ts";
export type { QueueHealth, Verdict, WorkerHealth, WorkerState } from "./worker/worker-health.ts";
export type { ObservedTask, WorkerListener, WorkerOptions } from "./worker/worker-options.ts";
export type { StopOptions, Worker } from "./worker/worker.ts";
