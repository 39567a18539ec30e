// SPDX-License-Identifier: Apache-2.0

/** All that an agent's NATS user needs to be allowed. */
export const agentPermissions = (host: string) => ({
  publish: [
    `$JS.API.CONSUMER.CREATE.KV_l45_desired.*.$KV.l45_desired.${host}`,
    '$JS.API.STREAM.INFO.KV_l45_observed',
    `$KV.l45_observed.${host}`,
    '$JS.API.STREAM.INFO.OBJ_l45_artifacts',
    '$JS.API.STREAM.MSG.GET.OBJ_l45_artifacts',
    '$JS.API.DIRECT.GET.OBJ_l45_artifacts',
    'l45.security.keys',
  ],
  subscribe: [`_INBOX.agent.${host}.>`, `l45.agent.${host}.>`, '$SRV.>'],
  allow_responses: true,
});

/** Configuration of a NATS server on which whoever gives no name is the agent of a host. */
export const serverConfig = (host: string): string => `
no_auth_user: agent
authorization {
  users: [
    { user: control, password: control }
    { user: agent, password: agent, permissions: ${JSON.stringify(agentPermissions(host))} }
  ]
}`;
