import type { PrivateRecipe } from "../private/private-recipe.ts";

function notHere(): never {
  throw new Error("The emulator moto is a program in Python, which runs in a container only.");
}

/** Moto brings a Python of its own, so there is no private one. */
export const privateMoto: PrivateRecipe = {
  locate: notHere,
  locateTool: notHere,
  prepare: () => Promise.reject(new Error("There is no private moto.")),
};
