/** Asks for one of `limit` places, 1 or more, under a name. A lock is a name with one place. */
export interface HoldRequest {
  readonly name: string;
  /** Who asks; asking again while holding renews. */
  readonly holder: string;
  /** Places in all. @default 1 */
  readonly limit?: number;
  /** The hold ends by itself after this long without renewal. */
  readonly leaseMs: number;
  /**
   * Join the queue of waiters when no place is free; waiters are served in order, and one that does not ask again within this
   * time is passed over. @default 0: do not wait
   */
  readonly waitMs?: number;
}

/**
 * Whether a place was had. `fence` grows with every grant under the name, over all holders: a resource that remembers the largest it saw
 * can refuse a holder whose lease is over. `retryInMs` is when a place can next be free at the earliest guess, 1 or more.
 */
export type Hold =
  | { readonly granted: true; readonly fence: number }
  | { readonly granted: false; readonly retryInMs: number; readonly ahead: number };

/** Asks a token bucket for a turn. Amounts may be parts; those of tokens and time are above 0. */
export interface BucketRequest {
  readonly name: string;
  /** `tokens` per `perMs`: 100 per 60 000 is Celery's `100/m`. */
  readonly tokens: number;
  readonly perMs: number;
  /** Tokens that may be saved up. @default tokens */
  readonly burst?: number;
  /** Tokens this turn takes. @default 1 */
  readonly cost?: number;
}

/** Asks for a key that only one may own. */
export interface ClaimKeyRequest {
  readonly key: string;
  readonly owner: string;
  readonly expiresInMs: number;
}

/**
 * Locks, limits and unique keys; all atomic in the store, by the store's clock, and all with an expiry. All throw `BACKEND_UNAVAILABLE`, and
 * `OPTION_INVALID` before any I/O (`checkedCoordination`) for a text that is empty or has a zero character (U+0000), and for an amount that means nothing.
 */
export interface Coordination {
  acquire(request: HoldRequest): Promise<Hold>;
  /** Prolongs a hold. `false`: it is lost. */
  renew(name: string, holder: string, leaseMs: number): Promise<boolean>;
  /** Ends a hold, or leaves the queue of waiters. Idempotent. */
  release(name: string, holder: string): Promise<void>;
  /** Reserves a turn and answers in how many ms it is, 0 for now. A reserved turn is spent, whether used or not. */
  reserve(request: BucketRequest): Promise<{ readonly inMs: number }>;
  /** Takes a key, or tells who owns it. The owner asking again prolongs. */
  claimKey(request: ClaimKeyRequest): Promise<{ readonly owner: string }>;
  /** Frees a key if `owner` owns it. Idempotent. */
  releaseKey(key: string, owner: string): Promise<void>;
}
