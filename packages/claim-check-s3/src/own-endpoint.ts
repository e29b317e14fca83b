/**
 * How AWS names the endpoints of S3, also those with FIPS, with IPv6, and in a VPC:
 * https://docs.aws.amazon.com/general/latest/gr/s3.html, https://docs.aws.amazon.com/AmazonS3/latest/userguide/privatelink-interface-endpoints.html
 */
const ownHost = /^(?:.+\.)?s3(?:-fips)?(?:\.dualstack)?[.-](?<region>[a-z\d-]+)\.(?:vpce\.)?amazonaws(?:\.[a-z]+)+$/;

/** The region of an endpoint that is AWS's own; `undefined` for another's, such as an emulator's, and for one that names none. */
export function ownRegion(endpoint: string): string | undefined {
  return ownHost.exec(URL.parse(endpoint)?.hostname ?? "")?.groups?.["region"];
}
