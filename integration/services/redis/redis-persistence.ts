/**
 * Arguments of every redis-server of the tests: an append-only file that is not synced. What a killed process has written is safe with the kernel; synced every
 * second, it would hold writes back for up to two seconds while the disk is slow, and lose them when it is killed.
 */
export const redisPersistence: readonly string[] = ["--save", "", "--appendonly", "yes", "--appendfsync", "no"];
