import type { Summary } from "../figures/summary.ts";
import { titleOf } from "../peers/store.ts";
import { formatFigure, formatName } from "./format-figure.ts";

const width = 720;
const barHeight = 20;
const rowHeight = 26;
const headHeight = 34;
const barsAt = 190;
const barsWidth = 420;
const valuesGap = 8;

/** What a picture shows. */
export interface Chart {
  readonly title: string;
  /** The figure that the bars stand for. */
  readonly headline: string;
  readonly summary: Summary;
}

/** One case on one store as a picture (SVG): a bar for each peer, from the least to the greatest run, with a mark at the median. Readable on light and dark pages. */
export function barChart({ title, headline, summary: { rows, store } }: Chart): string {
  const greatest = Math.max(...rows.flatMap(({ range }) => range), Number.MIN_VALUE);
  const height = headHeight + rows.length * rowHeight + 8;
  const xOf = (value: number): number => Math.round((Math.max(0, value) / greatest) * barsWidth * 10) / 10;
  const bars = rows.map(({ peer, medians, range: [least, most] }, index) => {
    const y = headHeight + index * rowHeight;
    const middle = y + barHeight / 2 + 4;
    const median = medians[headline] ?? 0;
    const fill = peer.startsWith("lovage") ? "#2f855a" : "#7f8ea3";
    const spread = `<path d="M${barsAt + xOf(least)} ${y + barHeight / 2}H${barsAt + xOf(most)}" stroke="#b45309" stroke-width="2"/>`;
    return [
      `<text x="${barsAt - valuesGap}" y="${middle}" text-anchor="end">${asXml(peer)}</text>`,
      `<rect x="${barsAt}" y="${y}" width="${xOf(median)}" height="${barHeight}" fill="${fill}"/>${spread}`,
      `<text x="${barsAt + xOf(Math.max(median, most)) + valuesGap}" y="${middle}">${formatFigure(median)}</text>`,
    ].join("\n");
  });
  const caption = `${title}: ${formatName(headline)}, ${titleOf(store)}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${asXml(caption)}">
<style>text{font:12px system-ui,sans-serif;fill:#24292f}@media(prefers-color-scheme:dark){text{fill:#e6edf3}}</style>
<text x="8" y="20" font-weight="bold">${asXml(caption)}</text>
${bars.join("\n")}
</svg>
`;
}

function asXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
