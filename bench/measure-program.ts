import process from "node:process";
import { findCase } from "./cases/cases.ts";
import { findPeer } from "./peers/peers.ts";

// One measurement: started and listened to by measure-apart.ts, and ended with it. Ctrl-C is for that process.
const [caseName = "", peerName = "", scale = "", folder = ""] = process.argv.slice(2);
process.on("SIGINT", () => {});
process.once("disconnect", () => process.exit(1));

const peer = findPeer(peerName);
const producer = await peer.openProducer(folder);
const figures = await findCase(caseName).run({ peer, producer, folder, scale: scale === "quick" ? "quick" : "full" });
await producer.close();
process.send?.(figures);
process.removeAllListeners("disconnect");
process.disconnect();
