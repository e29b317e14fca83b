import { nowMs } from "@lovage/client-postgres";
import { holdTurn } from "./hold-turn.ts";
import { nextNumber } from "./next-number.ts";

/** Asks for a place; see the contract. All who ask under one name pass one after the other. */
function acquire(schema: string): string {
  return `CREATE FUNCTION ${schema}.acquire_1(p_name text, p_holder text, p_limit integer, p_lease_ms bigint, p_wait_ms bigint)
  RETURNS TABLE (fence bigint, retry_in bigint, ahead integer) LANGUAGE plpgsql AS $lovage$
  #variable_conflict use_column
  DECLARE
    now_ms bigint;
    places integer;
    next_end bigint;
    next_waiter bigint;
    own_turn bigint;
    granted bigint;
  BEGIN
    PERFORM ${holdTurn("p_name")};
    now_ms := ${nowMs};
    UPDATE ${schema}.holds h SET ends_at = now_ms + p_lease_ms
      WHERE h.name = p_name AND h.holder = p_holder AND h.ends_at > now_ms RETURNING h.fence INTO granted;
    IF FOUND THEN
      RETURN QUERY SELECT granted, NULL::bigint, 0;
      RETURN;
    END IF;
    SELECT count(*), min(h.ends_at) INTO places, next_end FROM ${schema}.holds h WHERE h.name = p_name AND h.ends_at > now_ms;
    SELECT w.turn INTO own_turn FROM ${schema}.waiters w WHERE w.name = p_name AND w.holder = p_holder AND w.ends_at > now_ms;
    SELECT count(*), min(w.ends_at) INTO ahead, next_waiter FROM ${schema}.waiters w
      WHERE w.name = p_name AND w.holder <> p_holder AND w.ends_at > now_ms AND (own_turn IS NULL OR w.turn < own_turn);
    IF p_limit - places > ahead THEN
      granted := ${nextNumber(schema)};
      INSERT INTO ${schema}.holds (name, holder, fence, ends_at) VALUES (p_name, p_holder, granted, now_ms + p_lease_ms)
        ON CONFLICT (name, holder) DO UPDATE SET fence = excluded.fence, ends_at = excluded.ends_at;
      DELETE FROM ${schema}.waiters w WHERE w.name = p_name AND w.holder = p_holder;
      RETURN QUERY SELECT granted, NULL::bigint, 0;
      RETURN;
    END IF;
    IF p_wait_ms > 0 THEN
      INSERT INTO ${schema}.waiters AS w (name, holder, turn, ends_at) VALUES (p_name, p_holder, ${nextNumber(schema)}, now_ms + p_wait_ms)
        ON CONFLICT (name, holder) DO UPDATE SET turn = CASE WHEN w.ends_at > now_ms THEN w.turn ELSE excluded.turn END, ends_at = excluded.ends_at;
    ELSE
      DELETE FROM ${schema}.waiters w WHERE w.name = p_name AND w.holder = p_holder;
    END IF;
    RETURN QUERY SELECT NULL::bigint, greatest(1, coalesce(least(next_end, next_waiter) - now_ms, 1)), ahead;
  END $lovage$`;
}

/** Books a turn of a token bucket; returns in how many ms it is. */
function reserve(schema: string): string {
  return `CREATE FUNCTION ${schema}.reserve_1(p_name text, p_token_ms double precision, p_burst double precision, p_cost double precision)
  RETURNS double precision LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms double precision;
    booked double precision;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('lovage/backend/bucket/' || p_name, 0));
    now_ms := extract(epoch FROM clock_timestamp()) * 1000;
    INSERT INTO ${schema}.buckets AS b (name, booked_until) VALUES (p_name, now_ms + p_cost * p_token_ms)
      ON CONFLICT (name) DO UPDATE SET booked_until = greatest(b.booked_until, now_ms) + p_cost * p_token_ms
      RETURNING b.booked_until INTO booked;
    RETURN greatest(0, ceil(booked - p_burst * p_token_ms - now_ms));
  END $lovage$`;
}

/** Takes a key, or tells who owns it. */
function claimKey(schema: string): string {
  return `CREATE FUNCTION ${schema}.claim_key_1(p_key text, p_owner text, p_expires_in bigint)
  RETURNS text LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms bigint;
    owner_now text;
  BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('lovage/backend/key/' || p_key, 0));
    now_ms := ${nowMs};
    INSERT INTO ${schema}.keys AS k (key, owner, expires_at) VALUES (p_key, p_owner, now_ms + p_expires_in)
      ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, expires_at = excluded.expires_at
      WHERE k.owner = excluded.owner OR k.expires_at <= now_ms;
    SELECT k.owner INTO owner_now FROM ${schema}.keys k WHERE k.key = p_key;
    RETURN owner_now;
  END $lovage$`;
}

/** Records a run; true to the first. */
function recordRun(schema: string): string {
  return `CREATE FUNCTION ${schema}.record_run_1(p_schedule text, p_instant bigint, p_expires_in bigint)
  RETURNS boolean LANGUAGE plpgsql AS $lovage$
  DECLARE
    now_ms bigint := ${nowMs};
  BEGIN
    INSERT INTO ${schema}.schedule_runs AS r (schedule_id, instant, expires_at) VALUES (p_schedule, p_instant, now_ms + p_expires_in)
      ON CONFLICT (schedule_id, instant) DO UPDATE SET expires_at = excluded.expires_at WHERE r.expires_at <= now_ms;
    IF NOT FOUND THEN RETURN false; END IF;
    UPDATE ${schema}.schedules SET runs = runs + 1, last_run_at = greatest(coalesce(last_run_at, p_instant), p_instant) WHERE schedule_id = p_schedule;
    RETURN true;
  END $lovage$`;
}

/** The functions on locks, limits, keys and schedules. */
export function coordinationFunctions(schema: string): readonly string[] {
  return [acquire(schema), reserve(schema), claimKey(schema), recordRun(schema)];
}
