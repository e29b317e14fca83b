export { virtualClock } from "@lovage/foundation";
export type { VirtualClock, VirtualClockOptions } from "@lovage/foundation";
