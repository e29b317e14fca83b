/** From here on the client writes every number as a whole one of 64 bits, and fails where it is none. */
const wideFrom = 2 ** 50;

/**
 * A number for a table of headers, as itself or with the type in which the client is to write it, so that RabbitMQ, this client and Celery's read
 * the same. What the client would write in 16 bits is a short text to Celery's, which then cannot read what comes after it and ends its worker; it
 * reads those of 8 and of 64 bits without their sign. RabbitMQ cannot read NaN and the infinities, and closes the channel; JSON has null for them.
 */
export function headerNumber(value: number): unknown {
  if (!Number.isInteger(value)) {
    if (Math.abs(value) < wideFrom) return value;
    return Number.isFinite(value) ? { "!": "double", value } : null;
  }
  if ((value >= 0 && value < 128) || value >= 2 ** 15) return value;
  return value < -(2 ** 31) ? { "!": "double", value } : { "!": "int32", value };
}
