/** The value of an option of the command line that is one of some names. @throws Error */
export function readOneOf(option: string, name: string | undefined, names: readonly string[]): string {
  if (name !== undefined && names.includes(name)) return name;
  throw new Error(`${option} must be one of ${names.join(", ")}; it is ${name ?? "not given"}.`);
}

/** The value of an option of the command line that is a whole number. @throws Error */
export function readNumber(option: string, text: string, [min, max]: readonly [number, number]): number {
  const number = Number(text);
  if (/^\d+$/u.test(text) && number >= min && number <= max) return number;
  throw new Error(`${option} must be a whole number from ${min} to ${max}; it is ${text}.`);
}
