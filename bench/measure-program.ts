import process from "node:process";
import { findCase } from "./cases/cases.ts";
import { findPeer } from "./peers/peers.ts";
import type { PeerProducer } from "./peers/peer.ts";

// One measurement: started and listened to by measure-apart.ts, and ended with it. Ctrl-C is for that process.
const [caseName = "", peerName = "", scale = "", folder = ""] = process.argv.slice(2);
process.on("SIGINT", () => {});
process.once("disconnect", () => process.exit(1));

const peer = findPeer(peerName);
let producer: PeerProducer | undefined;
const figures = await findCase(caseName).run({
  peer,
  folder,
  scale: scale === "quick" ? "quick" : "full",
  openProducer: async () => {
    const program = await peer.load();
    return (producer = await program.openProducer(folder));
  },
});
await producer?.close();
process.send?.(figures);
process.removeAllListeners("disconnect");
process.disconnect();
