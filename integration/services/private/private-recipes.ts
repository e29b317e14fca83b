import { privatePostgres } from "../postgres/private-postgres.ts";
import { privateRabbitmq } from "../rabbitmq/private-rabbitmq.ts";
import { privateRedis } from "../redis/private-redis.ts";
import type { ServiceName } from "../service-name.ts";
import { privateMoto } from "../sqs/private-moto.ts";
import { privateSqs } from "../sqs/private-sqs.ts";
import type { PrivateRecipe } from "./private-recipe.ts";

/** How a private server of each service is made. */
export const privateRecipes: Readonly<Record<ServiceName, PrivateRecipe>> = {
  redis: privateRedis,
  rabbitmq: privateRabbitmq,
  postgres: privatePostgres,
  sqs: privateSqs,
  moto: privateMoto,
};
