/**
 * Whether a routing key fits a topic pattern, as AMQP says: words are separated by dots, `*` is exactly one word, `#` any number of words, none
 * included. Never goes back further than the last `#`, so the time is at most the product of both numbers of words.
 */
export function topicMatches(pattern: string, routingKey: string): boolean {
  const expected = words(pattern);
  const actual = words(routingKey);
  let at = 0;
  let word = 0;
  let hash = -1;
  let resumeAt = 0;
  while (word < actual.length) {
    if (expected[at] === "#") {
      hash = at;
      at += 1;
      resumeAt = word;
    } else if (at < expected.length && (expected[at] === "*" || expected[at] === actual[word])) {
      at += 1;
      word += 1;
    } else if (hash >= 0) {
      // The last `#` takes one word more.
      resumeAt += 1;
      word = resumeAt;
      at = hash + 1;
    } else {
      return false;
    }
  }
  while (expected[at] === "#") at += 1;
  return at === expected.length;
}

/** The empty text has no words, as RabbitMQ has it: `#` fits it, `*` does not. */
function words(text: string): readonly string[] {
  return text === "" ? [] : text.split(".");
}
