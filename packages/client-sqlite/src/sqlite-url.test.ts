import { describe, expect, it } from "vitest";

import { parseSqliteUrl } from "./sqlite-url.ts";

describe("parseSqliteUrl", () => {
  it.each([
    ["sqlite:queue.db", "/home/shop/queue.db"],
    ["sqlite:.lovage/queue.db", "/home/shop/.lovage/queue.db"],
    ["sqlite:///var/lib/queue.db", "/var/lib/queue.db"],
    ["sqlite:/var/lib/queue.db", "/var/lib/queue.db"],
    ["SQLITE:queue.db", "/home/shop/queue.db"],
    ["sqlite:a%20b%3Fc.db", "/home/shop/a b?c.db"],
    ["sqlite:it's;--%25.db", "/home/shop/it's;--%.db"],
  ])("reads %s as the file %s", (url, path) => {
    expect(parseSqliteUrl(url, "/home/shop").path).toBe(path);
  });

  it("gives the query to the driver", () => {
    const { path, query } = parseSqliteUrl("sqlite:queue.db?lease=3s&sweep=1s", "/home");
    expect(path).toBe("/home/queue.db");
    expect([...query]).toEqual([
      ["lease", "3s"],
      ["sweep", "1s"],
    ]);
  });

  it.each(["sqlite::memory:", "sqlite://:memory:", "sqlite:///:memory:", "sqlite:%3Amemory%3A"])(
    "refuses %s and names memory:",
    (url) => {
      expect(() => parseSqliteUrl(url)).toThrow(
        expect.objectContaining({
          code: "CONFIGURATION_INVALID",
          message: expect.stringContaining('"memory:"') as string,
        }),
      );
    },
  );

  it.each(["sqlite:", "sqlite:?lease=3s", "sqlite://host/queue.db", "sqlite:a%00b", "redis:queue.db"])(
    "refuses %s with an example",
    (url) => {
      expect(() => parseSqliteUrl(url)).toThrow(
        expect.objectContaining({
          code: "CONFIGURATION_INVALID",
          message: expect.stringContaining("sqlite:queue.db") as string,
        }),
      );
    },
  );

  it("refuses a stray percent sign", () => {
    expect(() => parseSqliteUrl("sqlite:100%.db")).toThrow(expect.objectContaining({ code: "OPTION_INVALID" }));
  });
});
