import { TopologyMismatchError, type ExchangeDeclaration } from "@lovage/transport";

/**
 * An exchange keeps the type that it was made with.
 * @param found The type of the one that is there.
 * @throws TopologyMismatchError (`TOPOLOGY_MISMATCH`) when it was declared with another
 */
export function requireExchangeType({ name, type }: ExchangeDeclaration, found: string): void {
  if (found === type) return;
  throw new TopologyMismatchError(`Exchange "${name}" exists with type ${found} and was declared with type ${type}.`, {
    queue: name,
  });
}
