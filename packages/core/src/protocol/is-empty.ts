/** Whether an object has nothing in it. Own keys alone count, as in JSON; nearly always there are none at all, so that no list of them is made. */
export function isEmpty(object: object): boolean {
  for (const key in object) if (Object.hasOwn(object, key)) return false;
  return true;
}
