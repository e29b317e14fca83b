/** URLs separated by semicolons, as Celery has it; a comma may stand between the hosts of one URL. */
export function readUrls(text: string): readonly string[] {
  return text.split(";").map((url) => url.trim());
}
