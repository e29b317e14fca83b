import type { Clock, Timer } from "@lovage/foundation";

/** Of so many parts the wait consists: each is over late where this process stood still, and counts no more than another. */
const parts = 10;

/**
 * Calls back when the server has been silent for so long, as far as this process could hear it. A blocked event loop runs what is overdue before it reads
 * its sockets: so time in which nothing could be read does not count, and what has come is read before anybody is told of silence.
 */
export function patience(clock: Pick<Clock, "timer">, ms: number, onOver: () => void): Timer {
  let timer: Timer;
  let isOver = false;
  const conclude = (): void => {
    if (!isOver) onOver();
  };
  const wait = (left: number): void => {
    timer = clock.timer(ms / parts, () => {
      if (left > 1) wait(left - 1);
      else setImmediate(conclude);
    });
  };
  wait(parts);
  return {
    cancel: () => {
      isOver = true;
      timer.cancel();
    },
  };
}
