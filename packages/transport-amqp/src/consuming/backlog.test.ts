import { expect, test } from "vitest";

import { Backlog } from "./backlog.ts";

class Scene {
  isWanted = true;
  room = 0;
  readonly out: number[] = [];
  readonly back: number[] = [];
  onHandOut: (item: number) => void = () => {};
  readonly backlog: Backlog<number> = new Backlog<number>({
    isWanted: () => this.isWanted,
    hasRoom: () => this.room > 0,
    handOut: (item) => {
      this.room -= 1;
      this.out.push(item);
      this.onHandOut(item);
    },
    giveBack: (item) => void this.back.push(item),
  });

  add(...items: readonly number[]): void {
    for (const item of items) this.backlog.add(item);
  }

  makeRoom(room: number): void {
    this.room += room;
    this.backlog.move();
  }
}

test("hands out oldest first, as far as there is room", () => {
  const scene = new Scene();
  scene.room = 1;
  scene.add(1, 2, 3, 4);
  scene.makeRoom(2);
  expect([scene.out, [...scene.backlog], scene.back]).toEqual([[1, 2, 3], [4], []]);
});

test("gives all back once nothing is wanted, oldest first, whether there is room or not", () => {
  const scene = new Scene();
  scene.add(1, 2, 3);
  scene.isWanted = false;
  scene.makeRoom(1);
  expect([scene.out, scene.back, scene.backlog.isEmpty]).toEqual([[], [1, 2, 3], true]);
});

test("room that comes while something is handed out is used in its turn, and nothing is handed out twice", () => {
  const scene = new Scene();
  scene.onHandOut = () => scene.makeRoom(1);
  scene.room = 1;
  scene.add(1);
  scene.onHandOut = () => {};
  scene.room = 0;
  scene.add(2, 3);
  scene.onHandOut = (item) => {
    if (item === 2) scene.makeRoom(1);
  };
  scene.makeRoom(1);
  expect([scene.out, scene.backlog.isEmpty]).toEqual([[1, 2, 3], true]);
});

test("what is not wanted any more after one was handed out goes back at once", () => {
  const scene = new Scene();
  scene.add(1, 2, 3);
  scene.onHandOut = () => {
    scene.isWanted = false;
    scene.backlog.move();
  };
  scene.makeRoom(3);
  expect([scene.out, scene.back]).toEqual([[1], [2, 3]]);
});

test("forgets what is gone", () => {
  const scene = new Scene();
  scene.add(1, 2, 3);
  scene.backlog.forget((item) => item === 2);
  expect([...scene.backlog]).toEqual([1, 3]);
});
