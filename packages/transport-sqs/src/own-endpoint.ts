/**
 * How AWS names the endpoints of SQS, also those with FIPS, with IPv6, and in a VPC:
 * https://docs.aws.amazon.com/general/latest/gr/sqs-service.html, https://docs.aws.amazon.com/vpc/latest/privatelink/privatelink-access-aws-services.html
 */
const ownHost =
  /^(?:.+\.)?sqs(?:-fips)?\.(?<region>[a-z\d-]+)\.(?:(?:vpce\.)?amazonaws|api\.(?:aws|amazonwebservices))(?:\.[a-z]+)*$/;

/** The region of an endpoint that is AWS's own; `undefined` for another's, such as an emulator's. */
export function ownRegion(endpoint: string): string | undefined {
  return ownHost.exec(URL.parse(endpoint)?.hostname ?? "")?.groups?.["region"];
}
