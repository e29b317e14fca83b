import { createApp, hasCode } from "lovage";

// The service that calls it knows the name and the type, and shares no code with it.
const app = createApp({ name: "shop" });
const score = app.remote<(text: string) => number>("ml.score", { queue: "ml" });

const result = await score.delay("a herb of the carrot family");
console.log(await result.get({ timeout: "10s" }));

try {
  const refused = await score.delay("");
  await refused.get({ timeout: "10s" });
} catch (error) {
  if (hasCode(error, "REMOTE_TASK_FAILED")) console.log(`refused: ${error.name}`);
}

await app.close();
