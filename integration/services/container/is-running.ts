import { StartupCheckStrategy } from "testcontainers";

type Check = StartupCheckStrategy["checkStartupState"];

/** Waits until a container runs. Whether its server answers is asked from outside, in its own protocol. */
export class IsRunning extends StartupCheckStrategy {
  override checkStartupState: Check = async (engine, id) => {
    const { State } = await engine.getContainer(id).inspect();
    if (State.Running) return "SUCCESS";
    return State.Status === "exited" ? "FAIL" : "PENDING";
  };
}
