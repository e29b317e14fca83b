/** What stands for the task id in the text of a frame. JSON text never holds a bare control character. */
export const taskIdCode = "\u0001";

/**
 * What messages of tasks often say: a header with its value, the name of a header, or the usual content type. Each is one control character
 * in a frame of version 1: never change, reorder or remove one, and never add one beyond 30. A message without them is as right,
 * only longer.
 */
const words: readonly string[] = [
  '"lang":"js",',
  '"lang":"py",',
  '"task":',
  `"id":"${taskIdCode}",`,
  `"root_id":"${taskIdCode}",`,
  '"root_id":',
  '"parent_id":null,',
  '"parent_id":',
  '"group":null,',
  '"group_index":null,',
  '"shadow":null,',
  '"eta":null,',
  '"expires":null,',
  '"expires":',
  '"retries":0,',
  '"retries":',
  '"timelimit":[null,null],',
  '"timelimit":',
  '"argsrepr":',
  '"kwargsrepr":"{}",',
  '"kwargsrepr":',
  '"origin":',
  '"ignore_result":false,',
  '"ignore_result":true,',
  '"replaced_task_nesting":0,',
  '"stamped_headers":null,',
  '"stamps":{},',
  '"application/json","utf-8",',
];

const firstCode = 2;
const afterLastCode = 32;
const wordsWithId: ReadonlySet<number> = new Set(
  words.flatMap((word, index) => (word.includes(taskIdCode) ? [index + firstCode] : [])),
);
const codes: ReadonlyMap<string, string> = new Map(
  words.map((word, index) => [word, String.fromCharCode(firstCode + index)]),
);
/** By the header's name, so that names which are no words cost one look. */
const named: ReadonlyMap<string, ReadonlyMap<string, string>> = groupByName();

function groupByName(): Map<string, Map<string, string>> {
  const groups = new Map<string, Map<string, string>>();
  for (const [word, code] of codes) {
    const [, name, value = ""] = /^"(\w+)":(.*?),?$/.exec(word) ?? [];
    if (name === undefined) continue;
    groups.set(name, (groups.get(name) ?? new Map<string, string>()).set(value, code));
  }
  return groups;
}

/** One header as it stands in a frame: `"name":value,`, with codes for what is a word. `json` is the value's JSON text. */
export function encodeHeader(name: string, json: string): string {
  const group = named.get(name);
  if (group === undefined) return `${JSON.stringify(name)}:${json},`;
  return group.get(json) ?? `${group.get("") ?? `${JSON.stringify(name)}:`}${json},`;
}

const usualContent = codes.get('"application/json","utf-8",') ?? "";

/** The content type and encoding as they stand in a frame. */
export function encodeContent(type: string, encoding: string): string {
  // Nearly always; and making the text costs more than all of the headers.
  if (type === "application/json" && encoding === "utf-8") return usualContent;
  return `${JSON.stringify(type)},${JSON.stringify(encoding)},`;
}

/** Writes all codes out again, the task id's too. Called for every message that is claimed: a loop takes a third of the time of a pattern. */
export function writeOut(text: string, taskId: string): string {
  let result = "";
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code >= afterLastCode || code === 0) continue;
    result += text.slice(from, at) + meaningOf(code, taskId);
    from = at + 1;
  }
  return from === 0 ? text : result + text.slice(from);
}

function meaningOf(code: number, taskId: string): string {
  if (code < firstCode) return taskId;
  const word = words[code - firstCode] ?? "";
  return wordsWithId.has(code) ? word.replace(taskIdCode, () => taskId) : word;
}
