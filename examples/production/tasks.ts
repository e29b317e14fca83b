import { createApp } from "lovage";

export const app = createApp({ name: "shop" });

export const add = app.task("shop.add", (x: number, y: number) => x + y);
