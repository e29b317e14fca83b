import { BackendUnavailableError, type Backend } from "@lovage/backend";
import { changed } from "../../worker/test-support/worker-harness.ts";

/** Makes of a backend one that is away for those who claim a key with this in it. */
export function refusedClaims(part: string): (backend: Backend) => Backend {
  return (backend) =>
    changed(backend, {
      coordination: changed(backend.coordination!, {
        claimKey: async (request) => {
          if (request.key.includes(part)) throw new BackendUnavailableError("away");
          return backend.coordination!.claimKey(request);
        },
      }),
    });
}
