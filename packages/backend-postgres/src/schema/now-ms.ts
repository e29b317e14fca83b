/** The server's clock in whole milliseconds, as an expression. */
export const nowMs = "floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
