/** Whether what was asked for is refused, whatever the reason. */
export async function isRefused(publication: Promise<unknown>): Promise<boolean> {
  try {
    await publication;
    return false;
  } catch {
    return true;
  }
}
