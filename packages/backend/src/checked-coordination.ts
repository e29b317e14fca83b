import { checkWhole, OptionError, quoteValue } from "@lovage/foundation";
import { checkId } from "./check-id.ts";
import type { BucketRequest, ClaimKeyRequest, Coordination, Hold, HoldRequest } from "./coordination.ts";

/** Coordination that refuses, before any I/O, what no store can keep or nobody can mean. @throws OPTION_INVALID */
export function checkedCoordination(inner: Coordination): Coordination {
  return new CheckedCoordination(inner);
}

const ranges = {
  "above 0": (value: number) => value > 0,
  "of at least 0": (value: number) => value >= 0,
  "that is finite": () => true,
};

class CheckedCoordination implements Coordination {
  readonly #inner: Coordination;

  constructor(inner: Coordination) {
    this.#inner = inner;
  }

  async acquire(request: HoldRequest): Promise<Hold> {
    const { name, holder, limit = 1, leaseMs, waitMs = 0 } = request;
    checkId(name, "name");
    checkId(holder, "holder");
    checkWhole("limit", limit, 1);
    checkAmount(leaseMs, "leaseMs", "above 0");
    checkAmount(waitMs, "waitMs", "of at least 0");
    return await this.#inner.acquire(request);
  }

  async renew(name: string, holder: string, leaseMs: number): Promise<boolean> {
    checkId(name, "name");
    checkId(holder, "holder");
    checkAmount(leaseMs, "leaseMs", "above 0");
    return await this.#inner.renew(name, holder, leaseMs);
  }

  async release(name: string, holder: string): Promise<void> {
    checkId(name, "name");
    checkId(holder, "holder");
    await this.#inner.release(name, holder);
  }

  async reserve(request: BucketRequest): Promise<{ readonly inMs: number }> {
    const { name, tokens, perMs, burst = tokens, cost = 1 } = request;
    checkId(name, "name");
    // Its turns would never come, or have come for ever.
    checkAmount(tokens, "tokens", "above 0");
    checkAmount(perMs, "perMs", "above 0");
    checkAmount(burst, "burst", "of at least 0");
    checkAmount(cost, "cost", "of at least 0");
    return await this.#inner.reserve(request);
  }

  async claimKey(request: ClaimKeyRequest): Promise<{ readonly owner: string }> {
    checkId(request.key, "key");
    checkId(request.owner, "owner");
    checkAmount(request.expiresInMs, "expiresInMs", "that is finite");
    return await this.#inner.claimKey(request);
  }

  async releaseKey(key: string, owner: string): Promise<void> {
    checkId(key, "key");
    checkId(owner, "owner");
    await this.#inner.releaseKey(key, owner);
  }
}

/** Parts are amounts as well: a turn may cost half a token. */
function checkAmount(value: number, field: string, range: keyof typeof ranges): void {
  if (Number.isFinite(value) && ranges[range](value)) return;
  throw new OptionError(`${field} must be a number ${range}; it is ${quoteValue(value)}.`, { field });
}
