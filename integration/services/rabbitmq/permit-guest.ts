/**
 * Erlang for `rabbitmqctl eval`, which is cheaper on a private server than a command of its own: lets the user guest do everything in a vhost, but
 * write only to what matches.
 */
export function permitGuest(vhost: string, writable = ".*"): string {
  const [everything, some] = ['<<".*">>', `<<"${writable}">>`];
  const permissions = [everything, some, everything].join(", ");
  return `rabbit_auth_backend_internal:set_permissions(<<"guest">>, <<"${vhost}">>, ${permissions}, <<"test">>)`;
}
