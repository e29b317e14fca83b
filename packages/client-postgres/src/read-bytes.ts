/** Bytes as PostgreSQL writes them: `\x` and hexadecimal digits, or, where the default of a database or role is so (`bytea_output`), characters and octal numbers. */
export function readBytes(text: string): Buffer {
  if (text.startsWith("\\x")) return Buffer.from(text.slice(2), "hex");
  return Buffer.from(
    text.replaceAll(escaped, (_, code: string) => characterOf(code)),
    "latin1",
  );
}

/** https://www.postgresql.org/docs/current/datatype-binary.html#DATATYPE-BINARY-BYTEA-ESCAPE-FORMAT */
const escaped = /\\(\\|[0-7]{3})/g;

function characterOf(code: string): string {
  return code === "\\" ? code : String.fromCharCode(Number.parseInt(code, 8));
}
