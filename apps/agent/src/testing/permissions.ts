// SPDX-License-Identifier: Apache-2.0
import { permissionsOf } from '@l45/contracts';

/** Configuration of a NATS server on which whoever gives no name is the agent of a host. */
export function serverConfig(host: string): string {
  const { publish, subscribe } = permissionsOf('host-agent', host);
  const permissions = { publish, subscribe, allow_responses: true };
  return `
no_auth_user: agent
authorization {
  users: [
    { user: control, password: control }
    { user: agent, password: agent, permissions: ${JSON.stringify(permissions)} }
  ]
}`;
}
