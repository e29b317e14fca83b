import { askSqs } from "./ask-sqs.ts";

/** Whether SQS answers a request; it need not let us in. */
export async function probeSqs(url: URL): Promise<string> {
  const { status, body } = await askSqs(url, "ListQueues", {});
  const isSqs = status === 200 || /"__type"\s*:/u.test(body);
  if (!isSqs) throw new Error(`its answer (${status}) is not that of SQS`);
  return "";
}
