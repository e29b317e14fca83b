/** What has a place in order. */
export interface Ordered {
  readonly seq: number;
}

/** A line in order of `seq`, cheap at both ends: taken from its head, joined at its tail, and returned to one's old place near the head. */
export class Fifo<Item extends Ordered> {
  #items: (Item | undefined)[] = [];
  #head = 0;

  get length(): number {
    return this.#items.length - this.#head;
  }

  get first(): Item | undefined {
    return this.#items[this.#head];
  }

  shift(): Item | undefined {
    const item = this.#items[this.#head];
    if (item === undefined) return undefined;
    this.#items[this.#head] = undefined;
    this.#head += 1;
    // Now and then, so that the array does not grow for ever; rarely enough to cost nothing per item.
    if (this.#head === this.#items.length) this.#reset([]);
    else if (this.#head >= 1_024 && this.#head * 2 >= this.#items.length) this.#reset(this.#items.slice(this.#head));
    return item;
  }

  insert(item: Item): void {
    const last = this.#items.at(-1);
    if (last === undefined || last.seq < item.seq) {
      this.#items.push(item);
      return;
    }
    let place = this.#head;
    for (let at = this.#items[place]; at !== undefined && at.seq < item.seq; at = this.#items[place]) place += 1;
    if (place === this.#head && this.#head > 0) {
      this.#head -= 1;
      this.#items[this.#head] = item;
    } else {
      this.#items.splice(place, 0, item);
    }
  }

  /** Takes out what the condition holds for. */
  removeWhere(condition: (item: Item) => boolean): void {
    this.#reset(this.toArray().filter((item) => !condition(item)));
  }

  toArray(): readonly Item[] {
    return this.#items.slice(this.#head) as Item[];
  }

  #reset(items: (Item | undefined)[]): void {
    this.#items = items;
    this.#head = 0;
  }
}
