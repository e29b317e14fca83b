/** What was measured, by name; the end of the name is the unit. */
export type Figures = Readonly<Record<string, number>>;
