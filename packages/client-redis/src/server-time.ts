import type { RedisConnection } from "./redis-connection.ts";

/** The server's time in Unix milliseconds, with a fraction. @throws RedisError */
export async function serverTimeMs(connection: RedisConnection): Promise<number> {
  const [seconds, micros] = (await connection.call("TIME", [])) as readonly [Buffer, Buffer];
  return Number(seconds.toString()) * 1_000 + Number(micros.toString()) / 1_000;
}
