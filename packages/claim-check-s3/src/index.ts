export { s3ClaimCheck } from "./s3-claim-check.ts";
export type { S3ClaimCheck, S3ClaimCheckOptions } from "./s3-claim-check.ts";
