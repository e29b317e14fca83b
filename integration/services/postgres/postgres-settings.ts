/**
 * What every PostgreSQL of the tests is started with.
 * Without fsync: what a killed process has written is safe with the kernel, and the machine stays up.
 * Fifty workers (row 41) may open fifteen connections each when all of them start at once.
 */
export const postgresSettings: readonly string[] = ["-c", "fsync=off", "-c", "max_connections=1000"];
