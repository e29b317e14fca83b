/** The priority that a message has here whose sender counts further than 9, as Celery's may (up to 255). */
export function nearestPriority(priority: number): number {
  return Math.max(0, Math.min(9, Math.trunc(priority)));
}
