import http from "node:http";
import https from "node:https";

/** What SQS has answered. */
export interface SqsAnswer {
  readonly status: number | undefined;
  readonly body: string;
}

const timeoutMs = 5_000;
// An emulator reads the region from it and checks nothing; AWS answers that it is forged, which proves as much.
const authorization =
  "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0";

/**
 * Sends one request in the JSON protocol of SQS, over a connection of its own.
 * @param action As in `ListQueues`.
 */
export async function askSqs(url: URL, action: string, body: object): Promise<SqsAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<http.IncomingMessage>();
  const { request } = url.protocol === "https:" ? https : http;
  const target = { "content-type": "application/x-amz-json-1.0", "x-amz-target": `AmazonSQS.${action}` };
  // Without an agent the connection is closed after the answer.
  const options = { method: "POST", headers: { ...target, authorization }, agent: false, timeout: timeoutMs };
  const sent = request(url, options, resolve);
  sent.on("timeout", () => sent.destroy(new Error(`nothing within ${timeoutMs} ms`)));
  sent.on("error", reject);
  sent.end(JSON.stringify(body));
  const response = await promise;
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  return { status: response.statusCode, body: Buffer.concat(chunks).toString() };
}
